"""What goes to a messenger: a card of before and after, and a clip of three seconds in which the colours come in."""

import io
from dataclasses import dataclass
from typing import Final

import streamlit as st
from PIL import Image, ImageDraw

from colorizer.checkpoints.card import Card
from colorizer.images import saving
from colorizer.images.animation import Frame, encode_sheet
from colorizer.inference.full_resolution import with_alpha
from colorizer.inference.prediction import Prediction
from pages.common.delivery import download_button
from pages.common.model_cache import RenderOptions, compose_grey, compose_preview, compute_lock, note
from pages.common.photo_library import LibraryPhoto

_CARD_SIDE: Final = 800  # px, of each half
_CLIP_SIDE: Final = 640  # px: a clip stays below the few MB that messengers take
_FIRST_MS: Final = 500
_SWEEP_FRAMES, _FRAME_MS = 25, 60
_LAST_MS: Final = 3000 - _FIRST_MS - _SWEEP_FRAMES * _FRAME_MS
_BACKDROP: Final = (228, 228, 228)
_ORIGIN: Final = "Colours invented by a model"


@dataclass(frozen=True)
class Share:
    """A result to be shared. It holds what it needs: files are made outside of the session."""

    photo: LibraryPhoto
    card: Card
    prediction: Prediction
    options: RenderOptions

    def _halves(self, side: int) -> tuple[Image.Image, Image.Image]:
        """Return the photo in grey and in colour, RGB, no side above `side` px."""
        small, alpha = self.photo.preview.copy(), self.photo.preview_alpha
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        alpha = None if alpha is None else alpha.resize(small.size)
        with compute_lock():
            halves = compose_grey(small), compose_preview(small, self.prediction, self.options)
        one, other = (_on_grey(with_alpha(half, alpha)) for half in halves)
        return one, other

    def _note(self) -> str:
        return note(self.card, self.options.of(self.card), len(self.prediction.network_hints))

    def render_card(self) -> bytes:
        """Render both as a PNG, each with a line that says what it is."""
        before, after = self._halves(_CARD_SIDE)
        return encode_sheet([Frame(before, "Before"), Frame(after, _ORIGIN)], self._note(), columns=2)

    def render_clip(self) -> bytes:
        """Render an animated WebP of three seconds that repeats: the colours come in from the right."""
        before, after = self._halves(_CLIP_SIDE)
        frames = [_divided(before, after, 1 - step / _SWEEP_FRAMES) for step in range(_SWEEP_FRAMES + 1)]
        durations = [_FIRST_MS, *[_FRAME_MS] * _SWEEP_FRAMES]
        durations[-1] += _LAST_MS
        stream = io.BytesIO()
        frames[0].save(
            stream,
            "WEBP",
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
            icc_profile=saving.srgb_profile_bytes(),
            **{**saving.save_options("WEBP", self._note()), "quality": 80, "method": 2},
        )
        return stream.getvalue()


def _on_grey(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, _BACKDROP)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _divided(left: Image.Image, right: Image.Image, part: float) -> Image.Image:
    """Join `left`, up to a part (0..1) of the width, and `right`, with a line between."""
    x = round(part * left.width)
    frame = right.copy()
    frame.paste(left.crop((0, 0, x, left.height)), (0, 0))
    if 0 < x < left.width:
        ImageDraw.Draw(frame).line([(x, 0), (x, left.height)], "white", 2)
    return frame


def offer_share(share: Share) -> None:
    """Offer both files, each made when it is asked for."""
    with st.expander("Share", key="colorize-share", icon=":material/share:"):
        for label, make, ending in (
            ("Before and after (picture)", share.render_card, "png"),
            ("The colours coming in (3 s clip)", share.render_clip, "webp"),
        ):
            download_button(
                label,
                make=make,
                file_name=f"{share.photo.name}-before-after.{ending}",
                mime=f"image/{ending}",
                icon=":material/download:",
                key=f"share-{ending}",
                width="stretch",
            )
