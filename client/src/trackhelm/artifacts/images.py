"""Images as they are logged. They need Pillow, and numpy for arrays; who logs none needs neither."""

from typing import Any, Final

_THUMBNAIL_PIXELS: Final = 256


class Image:
    """An image of a file, an array or Pillow, to be logged with `log_image`.

    Args:
        image: A path, a numpy array, a list of rows, or a Pillow image.
    """

    def __init__(self, image: Any) -> None:
        if isinstance(image, str) or hasattr(image, "__fspath__"):
            from PIL import Image as Pillow

            self.image = Pillow.open(image)
        elif isinstance(image, list):
            import numpy as np

            self.image = to_pillow(np.array(image))
        else:
            self.image = to_pillow(image)
        self.size = self.image.size

    def to_pil(self) -> Any:
        """Return the image as one of Pillow."""
        return self.image

    def to_array(self) -> Any:
        """Return the image as a numpy array."""
        import numpy as np

        return np.array(self.image)

    def to_list(self) -> Any:
        """Return the image as lists of rows."""
        return self.to_array().tolist()

    def save(self, path: str) -> None:
        """Write the image to a file."""
        self.image.save(path)

    def resize(self, size: tuple[int, int]) -> "Image":
        """Return the image with other numbers of pixels."""
        return Image(self.image.resize(size))


def to_pillow(image: Any) -> Any:
    """Return an image of any kind that is taken as one of Pillow.

    An array is of rows and columns, and of 1, 3 or 4 channels: Booleans, whole numbers of 0 to 255, or floats
    of 0 to 1.

    Raises:
        TypeError: It is no image.
        ValueError: Its shape or its numbers are not those of an image.
    """
    if isinstance(image, Image):
        return image.to_pil()
    from PIL import Image as Pillow

    if isinstance(image, Pillow.Image):
        return image
    import numpy as np

    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"Unsupported image object type: {type(image)}. `image` must be one of numpy.ndarray, "
            "PIL.Image.Image, and mlflow.Image."
        )
    return Pillow.fromarray(_bytes_of_array(image, np))


def _bytes_of_array(image: Any, np: Any) -> Any:
    if image.ndim not in {2, 3} or (image.ndim == 3 and image.shape[2] not in {1, 3, 4}):  # noqa: PLR2004 - axes
        raise ValueError(
            f"`image` must be a 2D or 3D array of 1, 3 or 4 channels, not of the shape {image.shape}"
        )
    if image.ndim == 3 and image.shape[2] == 1:  # noqa: PLR2004 - rows, columns, channels
        image = image[:, :, 0]
    kind = image.dtype.kind
    if kind == "b":
        return image.astype(np.uint8) * 255
    if kind in "ui":
        if image.size and (image.min() < 0 or image.max() > 255):  # noqa: PLR2004 - a byte's greatest number
            raise ValueError("Integer pixel values out of acceptable range [0, 255]")
        return image.astype(np.uint8)
    if kind == "f":
        if image.size and (image.min() < 0 or image.max() > 1):
            raise ValueError("Float pixel values out of acceptable range [0, 1]")
        return (image * 255).astype(np.uint8)
    raise TypeError(f"Invalid array data type: '{image.dtype}'. Must be Boolean, integer or float")


def thumbnail(image: Any) -> Any:
    """Return a smaller copy of a Pillow image, of at most 256 pixels a side."""
    copy = image.copy()
    copy.thumbnail((_THUMBNAIL_PIXELS, _THUMBNAIL_PIXELS))
    return copy
