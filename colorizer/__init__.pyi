from .checkpoints.card import Card as Card
from .checkpoints.store import list_checkpoints as list_checkpoints
from .errors import ColorizerError as ColorizerError
from .images import open_image as open_image
from .inference.colorizer import Colorization as Colorization
from .inference.colorizer import Colorizer as Colorizer
from .inference.colorizer import load as load
from .inference.hints import Hint as Hint
