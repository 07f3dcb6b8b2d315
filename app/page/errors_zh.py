"""The Chinese of every expected error: what is wrong and the way out, by the error's name.

A test keeps the list whole, and its placeholders those of the English sentences.
"""

ERRORS_ZH: dict[str, tuple[str, str]] = {
    # app
    "Busy": ("您已有 {waiting} 个提示在排队，上限是 {limit}。", "请等其中一个结束，或停止一个。"),
    "NothingToSend": ("还没有可以发送的内容。", "请输入问题，或添加图片。"),
    "StillReplying": ("上一条回复还没有结束。", "请等它结束，或先停止它。"),
    "NothingToResume": ("这里没有可以由当前引擎续写的回复。", "请发送新的提示。"),
    "PathOutside": (
        "{path} 不在 ./uploads 之内。",
        "请把图片放进 ./uploads 文件夹，或添加到消息里。",
    ),
    "PathMissing": ("没有文件 {path}。", "请把图片放进 ./uploads 文件夹，或添加到消息里。"),
    "OnePicture": ("比较需要两张图片，现在有 {count} 张。", "请再添加一张图片。"),
    "SettingRefused": ("{name} 不能是 {value}。", "请换一个值，或恢复默认。"),
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
    "PresetsUnusable": (
        "{file} 无法使用：{reason}。",
        "请检查该文件及其磁盘空间，或将 [page] presets 设为其他文件。",
    ),
    "PresetsFull": ("已保存 {limit} 个提示，达到上限。", "请先删除一个。"),
    "NoGpuNoWeights": (
        "未使用 Qwen2.5-VL：本机没有 GPU，也没有 {model} 的权重。",
        "用 --engine qwen 启动可下载权重并在 CPU 上运行。",
    ),
    "EngineBroke": (
        "无法加载 {engine}：发生意外错误（{cause}）。",
        "详情见日志。若有其他引擎，将改用下一个。",
    ),
    "StillLoading": ("引擎仍在加载。", "请等 /healthz 返回 200 后再试。"),
    "PictureNotInline": (
        "有一张图片只给出了地址“{address}”，而本程序从不按地址下载。",
        "请以 data URI 发送图片本身：data:image/png;base64,…",
    ),
    "DataUriBroken": (
        "无法读取某张图片的 data URI：{reason}。",
        "请写成 data:image/png;base64, 后接文件字节的 base64。",
    ),
    "EngineShared": (
        "所有用户共用这个引擎，因此不能在页面上更换。",
        "请联系启动 Second Look 的人：--engine 可以选择另一个。",
    ),
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
    "CorrectionRefused": (
        "{value} 不能填在这里。",
        "金额请写作 12.50，日期请写作 2026-02-14，时间请写作 09:30。",
    ),
    "TurnOpen": ("第 {turn} 轮的回复尚未结束，暂时不能修改。", "请等待回复结束，或先停止它。"),
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
    "NotAnExport": (
        "未导入 {file}：它不是 Second Look 的导出文件。",
        "请选择用“导出”得到的 .zip 或 .json 文件。",
    ),
    "ExportTooLarge": (
        "超出一个文件的容量：{limit_mib} MiB 或 {limit_files} 个文件。",
        "请减少一次导出的对话数量。",
    ),
    "FormatUnknown": (
        "{name} 不以 .zip、.json、.md 或 .html 结尾。",
        "请使用其中一种结尾，或用 --format 指定。",
    ),
    "ReceiptUnreadable": (
        "模型的回复共 {characters:,} 个字符，其中没有小票的任何字段，图片中也没有找到文字。",
        "请重试，或发送更清晰、更大的小票图片。",
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
        "这是 {kind} 类型的文件，无法读取。",
        "请另存或导出为 PNG、JPEG、WebP、GIF、BMP、TIFF、AVIF、HEIC 或 PDF，或发送它的截图。",
    ),
    "ImageKindUnknown": (
        "此文件的开头不像图片或 PDF。",
        "如果本机有程序能显示它，请另存为 PNG、JPEG、WebP、GIF、BMP、TIFF、AVIF、HEIC 或 PDF 再发送。",
    ),
    "ImageColoursRefused": (
        "无法读取此图片的颜色存储方式：{mode}。",
        "请以 RGB 存为 PNG 或 JPEG 再发送。",
    ),
    "ImageBroken": (
        "无法解码此 {kind} 图片：文件已损坏或不完整。",
        "请重新获取文件，或用能显示它的程序打开并存为 PNG 或 JPEG。",
    ),
    "ImageTooManyScans": (
        "此 JPEG 对同一批像素重复扫描 {scans:,} 次；上限为 {limit:,} 次。",
        "请重新存为普通 JPEG 或 PNG 再发送。",
    ),
    "ImageTooSlow": (
        "解码此图片所需的计算时间超出其像素数应有的量；每张图片最多 {limit:g} 秒。",
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
    "PdfLocked": (
        "这个 PDF 已加锁，需要密码。",
        "请用密码打开，另存为不带密码的 PDF 后发送。",
    ),
    "PdfBroken": (
        "这个 PDF 无法显示：它已损坏或不完整。",
        "请重新获取文件，或在能显示它的程序中打开，并发送该页的图片。",
    ),
    "PdfTooManyPages": (
        "这个 PDF 有 {pages:,} 页，上限是 {limit:,} 页。",
        "请将需要的页另存为一个 PDF 后发送。",
    ),
    "FileUnreadable": (
        "这个文件无法读取：{reason}。",
        "请确认它仍在原处并且可读，然后重新选择。",
    ),
    "FolderNameless": ("这个文件夹没有名称。", "请起一个名称，例如：2026 年 3 月。"),
    "FolderEmpty": ("{folder} 里没有图片，也没有 PDF。", "请选择其他文件夹，或把图片放进去。"),
    "FolderBusy": ("{folder} 仍在读取，还剩 {left} 个。", "请等它结束，或先停止它。"),
    "NoPage": ("回复中没有 HTML 网页。", "请再次运行同一命令，或选择其他引擎。"),
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
    "AddressUnusable": (
        "服务器地址“{url}”无法使用：{reason}。",
        "请将 [engine] url 设为类似 http://127.0.0.1:8000/v1 的地址。",
    ),
    "KeyUnusable": (
        "{source} 中的密钥无法使用：{reason}。",
        "请只在其中存放密钥；文件须仅您本人可读：chmod 600。",
    ),
    "ServerUnreachable": (
        "无法连接 {server}：{reason}。",
        "请启动服务器或检查 [engine] url；下一条提示会再次尝试。",
    ),
    "KeyRefused": (
        "{server} 拒绝了密钥，或要求提供密钥。",
        "请将其密钥放入 SECOND_LOOK_API_KEY，或放入 [engine] key_file 指定的文件。",
    ),
    "NoModelServed": (
        "{server} 没有提供任何模型。",
        "请在服务器上加载模型，或在 [engine] model 中写明名称。",
    ),
    "ModelNotServed": (
        "{server} 不提供 {model}；它提供 {served}。",
        "请将 [engine] model 设为其中之一。",
    ),
    "ModelUnknown": ("{server} 不认识模型 {model}：{reason}。", "请检查 [engine] url 和 model。"),
    "ServerBusy": (
        "{server} 过于繁忙，或仍在加载（状态 {status}）。",
        "请在 {wait_s:.0f} 秒后重试，或调低 [engine] parallel。",
    ),
    "ServerBroke": (
        "{server} 返回错误 {status}：{reason}。",
        "原因应在其日志中。之后请重新发送提示。",
    ),
    "ServerSilent": (
        "{server} 有 {seconds:.0f} 秒没有任何回应。",
        "请查看它是否过载，或延长等待时间：[engine] {key}。",
    ),
    "ReplyCut": ("{server} 在回复中途断开：{reason}。", "请重新发送提示；已有的回复已保存。"),
    "PromptTooLongThere": (
        "对 {server} 上的模型来说，提示太长：{reason}。",
        "请新建对话、减少或缩小图片，或以更长的上下文启动服务器。",
    ),
    "RefusedThere": (
        "{server} 拒绝了提示：{reason}。",
        "请检查其模型是否接受图片，以及服务器是如何启动的。",
    ),
    "CannotGoOn": ("服务器生成的回复无法接着写下去。", "请发送新的提示。"),
}
