"""Downloads: each file is made when it is asked for, at the photo's own size, and never kept."""

import functools
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from colorizer.checkpoints.card import Card
from colorizer.images.saving import MAX_SIDE_PX, OutputFormat
from pages.common import glossary
from pages.common.model_cache import Answer, Look, render
from pages.common.photo_library import Shot
from pages.common.snapshots import full_title

_ENDINGS: Final[dict[OutputFormat, str]] = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


@dataclass(frozen=True)
class Wish:
    """A result that can be downloaded. It holds what it needs: downloads are made outside of the session."""

    shot: Shot
    card: Card
    answer: Answer
    look: Look
    format: OutputFormat

    @property
    def file_name(self) -> str:
        return f"{self.shot.name}-{self.card.id}.{_ENDINGS[self.format]}"

    def render(self) -> bytes:
        shot = self.shot
        return render(shot.content, shot.name, self.card, self.answer.chroma, self.look.of(self.card), self.format)


def choose_format(shot: Shot) -> OutputFormat:
    """The file format of downloads, of those that can hold the photo."""
    formats = [name for name in _ENDINGS if max(shot.size) <= MAX_SIDE_PX[name]]
    chosen: OutputFormat = st.segmented_control(
        "File format",
        formats,
        default="JPEG",
        required=True,
        key="format",
        help=glossary.FORMAT,
        persist_state="session",
    )
    return chosen


def offer(place: DeltaGenerator, wish: Wish) -> None:
    """A button that downloads one result."""
    place.download_button(
        f"Download {full_title(wish.card)}",
        data=wish.render,
        file_name=wish.file_name,
        mime=f"image/{wish.format.lower()}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        key=f"download-{wish.card.id}",
    )


def zipped(wishes: Sequence[Wish]) -> bytes:
    """All results as one ZIP; one picture at a time is in work, and pictures are not compressed twice.

    Entries carry no time, so that the same results are the same file, which Streamlit then holds only once.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for wish in wishes:
            archive.writestr(zipfile.ZipInfo(wish.file_name), wish.render())
    return stream.getvalue()


def offer_all(name: str, wishes: Sequence[Wish], format: OutputFormat) -> None:
    """A button that downloads all results of a photo."""
    st.download_button(
        f"Download all ({format}, ZIP)",
        data=functools.partial(zipped, wishes),
        file_name=f"{name}-coloured.zip",
        mime="application/zip",
        on_click="ignore",
        icon=":material/folder_zip:",
        key="download-all",
        disabled=not wishes,
    )
