"""Downloads of a photo with hints: the picture, its hints as a small JSON, both as a ZIP; and hints loaded again."""

import io
import zipfile
from dataclasses import dataclass

import streamlit as st

from colorizer.errors import HintError
from colorizer.inference.hints import Hint, hints_from_json, hints_to_json
from pages.common.delivery import download_button
from pages.common.downloads import Download
from pages.common.photo_library import LibraryPhoto
from pages.features.hints.state import HintWork

_PROBLEM = "hints-problem"  # in the session, from the upload to the run that follows it
_SERIAL = "hints-serial"  # counts the uploads, so that each leaves an empty uploader behind


@dataclass(frozen=True)
class PictureAndPoints:
    """A picture and its hints. It holds what it needs: downloads are made outside of the session."""

    download: Download
    hints: tuple[Hint, ...]

    def render(self) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(zipfile.ZipInfo(self.download.file_name), self.download.render())
            archive.writestr(zipfile.ZipInfo(_hints_name(self.download.photo)), self.text())
        return stream.getvalue()

    def text(self) -> bytes:
        return hints_to_json(self.hints, self.download.photo.size).encode()


def _hints_name(photo: LibraryPhoto) -> str:
    return f"{photo.name}-hints.json"


def offer_downloads(download: Download, hints: tuple[Hint, ...]) -> None:
    """Offer the picture and, if there are hints, these, alone or with it."""
    choices = [
        (
            "Download the coloured photo",
            download.render,
            download.file_name,
            f"image/{download.format.lower()}",
        )
    ]
    if hints:
        both = PictureAndPoints(download, hints)
        choices.append(
            ("Photo and points (ZIP)", both.render, f"{download.photo.name}-coloured.zip", "application/zip")
        )
        choices.append(("Points only (JSON)", both.text, _hints_name(download.photo), "application/json"))
    for number, (label, make, name, kind) in enumerate(choices):
        download_button(
            label,
            make=make,
            file_name=name,
            mime=kind,
            type="tertiary" if number else "primary",
            icon=":material/download:",
            key=f"download-{number}",
            width="stretch" if not number else "content",
        )


def _load(work: HintWork, key: str) -> None:
    file = st.session_state[key]
    if file is None:
        return
    try:
        work.change(tuple(hints_from_json(file.getvalue(), work.size)))
        work.close()
        st.session_state.pop(_PROBLEM, None)
    except HintError as error:
        st.session_state[_PROBLEM] = str(error)
    st.session_state[_SERIAL] = st.session_state.get(_SERIAL, 0) + 1


def show_loader(work: HintWork) -> None:
    """Show the uploader for a file of hints that was saved before."""
    key = f"hints-{st.session_state.get(_SERIAL, 0)}"
    st.file_uploader(
        "Load saved points (JSON)",
        max_upload_size=1,
        key=key,
        on_change=_load,
        args=(work, key),
        help="Points that you saved here for the same photo; its size may differ.",
    )
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(problem)
