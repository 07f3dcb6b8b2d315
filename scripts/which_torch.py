"""Says which build of torch is installed, and whether it fits this machine."""

import shutil
from importlib import metadata

version = metadata.version("torch")
card = shutil.which("nvidia-smi") is not None
if "+cpu" in version:
    advice = (
        "an NVIDIA card is here, but this build cannot use it" if card else "no NVIDIA card found"
    )
    print(f"torch {version}: the CPU build; {advice}.")
else:
    advice = "an NVIDIA card is here" if card else "no NVIDIA card found, so the CPU is used"
    print(f"torch {version}: the build for GPUs; {advice}.")
