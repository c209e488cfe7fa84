"""The exceptions of this project: each message is one sentence that a user can act on.

They are raised where the fault is found and caught once, at the edge (a page or a command line), where the message is
shown as it stands.
"""


class ColorizerError(Exception):
    """Something that the user can understand and mend; the message says what and how."""


class PictureError(ColorizerError):
    """A picture that cannot be read, or that exceeds the limits of `colorizer.images.LIMITS`."""


class PalePictureError(PictureError):
    """A picture that has too little colour for what it is wanted for."""


class LinkError(PictureError):
    """A link that is refused, or that does not give a picture in time."""


class HintError(ColorizerError):
    """Hints that cannot be read, or do not fit the photo."""


class CheckpointError(ColorizerError):
    """A checkpoint that is missing, damaged, foreign, or of another shape than its architecture."""


class FetchError(CheckpointError):
    """Published weights that cannot be fetched, or that are not what they should be."""


class RecipeError(ColorizerError):
    """A recipe with an unknown, missing or impossible setting."""


class DataError(ColorizerError):
    """A training folder that is missing, empty, or too small for its recipe."""


class TrainingError(ColorizerError):
    """A run that cannot start, go on, or that diverged."""
