"""`image`: any model of timm that has a classifier, with its own transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from fairtransfer.models.family import Family
from fairtransfer.models.head_labels import image_labels

if TYPE_CHECKING:
    from fairtransfer.models.backbone import Backbone
    from fairtransfer.models.checkpoint import Checkpoint


@final
class ImageFamily(Family):
    """Sees one picture a row, transformed as the checkpoint was trained."""

    kind = "image"
    reads = "image"
    words = "a model of pictures, loaded by timm"
    modules = ("torch", "timm", "sklearn")
    libraries = ("torch", "timm", "torchvision", "pillow", "scikit-learn", "fairlearn", "numpy")

    def labels(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """Return the labels of its classifier."""
        return image_labels(checkpoint)

    def open(self, checkpoint: Checkpoint, max_tokens: int) -> Backbone:  # noqa: ARG002  # pictures have no tokens
        """Load weights."""
        from fairtransfer.models.image import ImageBackbone

        return ImageBackbone.load(checkpoint)
