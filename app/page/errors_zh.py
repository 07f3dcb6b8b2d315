"""The Chinese of every expected error: what is wrong and the way out, by the error's name.

A test keeps the list whole, and its placeholders those of the English sentences.
"""

ERRORS_ZH: dict[str, tuple[str, str]] = {
    # app
    "Busy": ("已有 {waiting} 个提示在排队，上限是 {limit}。", "请等其中一个结束，或停止一个。"),
    "NothingToSend": ("还没有可以发送的内容。", "请输入问题，或添加图片。"),
    "StillReplying": ("上一条回复还没有结束。", "请等它结束，或先停止它。"),
    "PathOutside": (
        "{path} 不在 ./uploads 之内。",
        "请把图片放进 ./uploads 文件夹，或添加到消息里。",
    ),
    "PathMissing": ("没有文件 {path}。", "请把图片放进 ./uploads 文件夹，或添加到消息里。"),
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
    # vision
    "LogitsNotFinite": (
        "模型的数值溢出，无法选出下一个词元。",
        '请将 [engine] dtype 设为 "bfloat16" 或 "float32"。',
    ),
}
