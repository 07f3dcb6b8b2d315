"""The Chinese of every expected error: what is wrong and the way out, by the error's name.

A test keeps the list whole, and its placeholders those of the English sentences.
"""

ERRORS_ZH: dict[str, tuple[str, str]] = {
    # app
    "Busy": ("已有 {waiting} 个提示在排队，上限是 {limit}。", "请等其中一个结束，或停止一个。"),
    "NothingToSend": ("还没有可以发送的内容。", "请输入问题，或添加图片。"),
    "StillReplying": ("上一条回复还没有结束。", "请等它结束，或先停止它。"),
    "NothingToResume": ("这里没有可以由当前引擎续写的回复。", "请发送新的提示。"),
    "PathOutside": (
        "{path} 不在 ./uploads 之内。",
        "请把图片放进 ./uploads 文件夹，或添加到消息里。",
    ),
    "PathMissing": ("没有文件 {path}。", "请把图片放进 ./uploads 文件夹，或添加到消息里。"),
    "UploadGone": ("图片 {name} 已不在：添加之后 ./tmp 被清空过。", "请重新添加。"),
    "ClearNotConfirmed": ("没有清理任何内容：尚未确认。", "请重新选择，并在对话框中确认。"),
    "ClearNotOffered": (
        "没有清理任何内容：config.toml 未开放“{level}”。",
        "请设置 [clear] {level} = true 后重新启动。",
    ),
    "TmpNotOurs": (
        "{folder} 中有 {count} 个不属于本程序的文件或文件夹，例如 {example}。",
        "请将 [tmp] root 设为空文件夹，或尚不存在的文件夹。",
    ),
    "TmpUnusable": (
        "{folder} 不能用来存放临时文件：{reason}。",
        "请检查权限，或将 [tmp] root 设为其他文件夹。",
    ),
    "NoGpuNoWeights": (
        "未使用 Qwen2.5-VL：本机没有 GPU，也没有 {model} 的权重。",
        "用 --engine qwen 启动可下载权重并在 CPU 上运行。",
    ),
    "NotBuilt": ("这个版本还没有“{kind}”引擎。", "请把 [engine] kind 设为 auto、qwen 或 reader。"),
    "NoEngine": ("没有引擎可以加载：{reasons}", "请用 --engine reader 启动。"),
    "UnexpectedFailure": (
        "生成回复时出了问题：{cause}。",
        "提示和已有的回复都已保存，详情见日志。",
    ),
    # history
    "StorageFull": (
        "磁盘已满：{folder} 仅剩 {free_mib} MiB，需要 {needed_mib} MiB。",
        "请清理该磁盘，或将 [history] root 设为其他磁盘上的文件夹。",
    ),
    "StorageReadOnly": (
        "无法保存：{folder} 是只读的。",
        "请允许写入该文件夹，或将 [history] root 设为其他文件夹。",
    ),
    "StorageFailed": (
        "无法使用 {folder} 中的历史记录：{reason}。",
        "请检查该磁盘和文件夹权限，或将 [history] root 设为其他文件夹。",
    ),
    "ConversationNotFound": (
        "没有对话 {conversation}。",
        "它可能已被删除，请从列表中选择其他对话。",
    ),
    "TurnNotFound": (
        "对话 {conversation} 中没有第 {turn} 轮。",
        "它可能已被删除，请重新打开该对话。",
    ),
    "NameRefused": ("{name} 不是历史记录中的名称。", "请从列表中选择对话或图片。"),
    "PictureDiffers": (
        "图片在存入历史记录时发生了变化：其 SHA-256 不是 {sha256}。",
        "请重新添加图片。",
    ),
    "RecordTooNew": (
        "{file} 由更新的版本写入：其格式版本为 {schema}，本版本为 {known}。",
        "请更新 Second Look 后再修改。",
    ),
    "TurnDamaged": (
        "无法显示这一轮：文件 {file} 已损坏（{reason}）。",
        "文件保持原样；如有备份，请从备份恢复。",
    ),
    "TurnInterrupted": ("程序在回复完成之前已结束。", "请重新发送。"),
    "TrashNotFound": ("回收站中没有 {entry}。", "它可能已被恢复，或已被永久删除。"),
    "PlaceTaken": (
        "无法恢复：现在已有另一个 {place}。",
        "请先移走那一个再试；已删除的内容仍在回收站中。",
    ),
    "ImportRefused": ("未导入 {file}：{reason}。", "没有改动任何内容。请从原处重新导出。"),
    "ExportTooLarge": (
        "超出一个文件的容量：{limit_mib} MiB 或 {limit_files} 个文件。",
        "请减少一次导出的对话数量。",
    ),
    "FormatUnknown": (
        "{name} 不以 .zip、.json、.md 或 .html 结尾。",
        "请使用其中一种结尾，或用 --format 指定。",
    ),
    # vision
    "ImageEmpty": ("此文件为空：0 字节。", "请重新选择；它可能没有完整复制或保存。"),
    "ImageTooManyBytes": (
        "此文件有 {size:,} 字节，上限为 {limit:,}。",
        "请存得小一些（例如存为 JPEG）再发送。",
    ),
    "ImageTooManyPixels": (
        "此图片为 {width:,} × {height:,} 像素，共 {megapixels:,.1f} 百万像素，上限为 {limit:,.1f}。",
        "请缩小图片，或裁出需要的部分再发送。",
    ),
    "ImageTooNarrow": (
        "此图片为 {width:,} × {height:,} 像素，长边是短边的 {aspect:,.2f} 倍，上限为 {limit:,.0f} 倍。",
        "请裁成较短的几段再发送。",
    ),
    "ImageKindRefused": (
        "这是 {kind} 类型的文件；可读取的图片格式为 PNG、JPEG、WebP、GIF、BMP、TIFF、AVIF 和 HEIC。",
        "请另存或导出为 PNG 或 JPEG，或发送它的截图。",
    ),
    "ImageKindUnknown": (
        "此文件的开头不像图片；可读取的图片格式为 PNG、JPEG、WebP、GIF、BMP、TIFF、AVIF 和 HEIC。",
        "如果本机有程序能显示它，请在其中另存为 PNG 或 JPEG 再发送。",
    ),
    "ImageColoursRefused": (
        "无法读取此图片的颜色存储方式：{mode}。",
        "请以 RGB 存为 PNG 或 JPEG 再发送。",
    ),
    "ImageBroken": (
        "无法解码此 {kind} 图片：文件已损坏或不完整。",
        "请重新获取文件，或用能显示它的程序打开并存为 PNG 或 JPEG。",
    ),
    "ImageTooSlow": (
        "解码此图片已用满 {limit:g} 秒计算时间的上限。",
        "请存为 PNG 或普通 JPEG，或缩小后再发送。",
    ),
    "ImageTimedOut": (
        "{limit:g} 秒（上限）内未能解码完此图片。",
        "请在本机不太繁忙时重新发送，或存得小一些。",
    ),
    "ImageTakesTooMuchMemory": (
        "解码此图片所需内存超过上限 {limit_mib:,.0f} MiB。",
        "请存为 PNG 或 JPEG，或缩小后再发送。",
    ),
    "ImageDecoderDied": (
        "解码器处理此图片时出错，已被停止。",
        "图片很可能已损坏：请用能显示它的程序打开，存为 PNG 或 JPEG 再发送。",
    ),
    "DecoderUnavailable": (
        "无法解码图片：解码器未能启动（{reason}）。",
        "请重新安装 Second Look；解码器需要 pillow 和 pillow-heif。",
    ),
    "PictureGone": ("图片 {name} 已无法打开：{reason}。", "请重新添加这张图片。"),
    "ReaderNotInstalled": (
        "阅读器需要软件包 {package}，但这里没有安装。",
        "请重新运行安装命令，它会补上缺少的部分。",
    ),
    "ReaderModelMissing": (
        "阅读器的模型 {name} 不在 rapidocr 3.10 应放的位置：{folder}。",
        "请重新安装：pip install --force-reinstall --no-deps rapidocr==3.10.0",
    ),
    "ModelNotHere": (
        "本机没有模型 {model}：{reason}。",
        "请联网一次，或把模型文件夹放到本机，并将 [engine] model 设为其路径。",
    ),
    "ModelUnusable": (
        "无法使用 {model}：{reason}。",
        "请将 [engine] model 设为 Qwen2.5-VL 模型，例如 Qwen/Qwen2.5-VL-3B-Instruct。",
    ),
    "ModelTooLarge": (
        "{model} 的权重需要 {needed_gib:.1f} GiB，{device} 仅剩 {free_gib:.1f} GiB。",
        "请换用更小的模型、设置 [engine] quantization，或关闭其他占用内存的程序。",
    ),
    "PackageMissing": (
        "{purpose} 需要软件包 {package}，但它未安装或在本机不可用。",
        '请运行 "pip install {package}"，或将 [engine] quantization 设为 "none"。',
    ),
    "DeviceMissing": (
        "本机没有设备 {device}，现有：{present}。",
        '请将 [engine] device 设为 "auto"。',
    ),
    "NotLoaded": ("模型尚未加载。", "请等待页面显示就绪。"),
    "OutOfMemory": (
        "{device} 内存不足：提示共 {prompt_tokens:,} 个词元，其中图片 {image_tokens:,} 个。",
        "请减少或缩小图片、新建对话，或调低 [engine] max_pixels。",
    ),
    "EngineBusy": ("引擎正在生成回复。", "请等待回复结束，或将其停止。"),
    "PromptTooLong": (
        "此对话长 {prompt_tokens:,} 个词元，其中图片 {image_tokens:,} 个；上限为 {max_context:,}。",
        "请新建对话、减少或缩小图片，或调高 [engine] max_context。",
    ),
    "NothingToAnswer": ("没有可回复的内容：对话的最后一条不是您的消息。", "请输入消息或发送图片。"),
    "ImageGone": (
        "此对话中的图片 {sha256} 已不在磁盘上。",
        "请重新发送该图片，或删除包含它的那一轮。",
    ),
    "LogitsNotFinite": (
        "模型的数值溢出，无法选出下一个词元。",
        '请将 [engine] dtype 设为 "bfloat16" 或 "float32"。',
    ),
}
