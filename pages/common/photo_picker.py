"""Where photos come from: upload, link, camera, samples; and which one is looked at."""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import DeletedFile

from colorizer.images.limits import MAX_UPLOAD_MEGABYTES
from colorizer.images.urls import with_scheme
from pages.common.kept_photos import kept_photos
from pages.common.library_limits import room_beside
from pages.common.markdown import plain
from pages.common.model_cache import full_size
from pages.common.photo_intake import part, show_intake
from pages.common.photo_library import LibraryPhoto, PendingPhoto, PhotoLibrary, make_shot
from pages.common.photo_strip import Keeping, returned, show_strip, thumbnail_of, thumbnail_of_sample
from pages.common.sample_photos import GREY_SAMPLES, SAMPLES, read_sample

_DEFAULT = "default-photo"  # in the session: a sample that nobody chose, so that another page shows its own
_WITH_COLORS = "Flower"  # for pages without a sample of their own: most compare with a photo's own colours
_MOST_IN_STRIP = 8  # of the visitor's own, the latest; the front page has them all in its album
_FORGET_HELP = (
    "Takes the photo and its points off this page and out of your browser, which keeps the last eight photos, so that "
    "they outlast a reload. Nobody else has them: the server holds them in memory while you are here, never on disk."
)


def _key_of_uploader(library: PhotoLibrary) -> str:
    return f"upload-{library.uploaders}"


def _take_uploads(library: PhotoLibrary, key: str) -> None:
    given = [PendingPhoto(name, content) for name, content in read_uploads(key)]
    if given:
        library.take(given, part())
    elif key == _key_of_uploader(library) and st.session_state.get(key):  # files that another server had
        library.uploaders += 1
    drop_uploads(key)


def read_uploads(key: str) -> list[tuple[str, bytes]]:
    """Read the files of an uploader that were not read before, as (name, content)."""
    files = st.session_state.get(key) or []
    return [(file.name, file.getvalue()) for file in files if not isinstance(file, DeletedFile)]


def drop_uploads(key: str) -> None:
    """Take the files of an uploader, which have been read, out of Streamlit's hands.

    It would keep them until the visitor leaves, beside what is made of them.
    """
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in st.session_state.get(key) or []:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def take_link(library: PhotoLibrary) -> None:
    """Take in the link of `link_field`. Only the button beside it calls this; nothing else fetches a link."""
    if link := with_scheme(str(st.session_state["link"])):
        library.receive([PendingPhoto(link, None)])


def link_field() -> None:
    """Show the field for a link, inside a form of the page."""
    st.text_input("Link to a photo", placeholder="https://...", key="link", persist_state="session")


def _show_uploader(library: PhotoLibrary) -> None:
    """Lay out the uploader that the intake hands files to.

    It takes any file: what it is shows in its content, and `open_image` has a sentence for each wrong kind.
    """
    key = _key_of_uploader(library)
    given = st.file_uploader(
        "Photos to colour",
        accept_multiple_files=True,
        max_upload_size=MAX_UPLOAD_MEGABYTES,
        key=key,
        on_change=_take_uploads,
        args=(library, key),
        label_visibility="collapsed",
    )
    if given:  # a slider that moved at the same moment broke off the callback, and Streamlit calls it once only
        _take_uploads(library, key)
        st.rerun()


def show_files(library: PhotoLibrary) -> None:
    """Show the control that takes in files of photos, at once; a container with the key "intake" has to hold it."""
    room = room_beside(len(library.photos), library.content_bytes)
    show_intake(
        lambda link: library.receive([PendingPhoto(link, None)]),
        library.problems.clear,
        library.close_intake,
        room,
        library.taken,
    )
    _show_uploader(library)


def show_sources(library: PhotoLibrary) -> None:
    """Show the ways to add a photo. A photo is taken in at once, and the uploader is empty again."""
    with st.container(key="intake"):
        show_files(library)
        with st.form("link-form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            link_field()
            st.form_submit_button("Get photo", on_click=take_link, args=(library,))


def open_arrivals(library: PhotoLibrary) -> None:
    """Open what was added; the first one that opens becomes the chosen photo."""
    while library.pending_photos:
        name = library.pending_photos[0].name
        with st.spinner(f"Opening {plain(name)} ..."):
            if (photo := library.open_next()) is not None:
                thumbnail_of(photo)  # now, while its pixels are at hand
    if library.latest is not None:
        st.session_state["photo"] = library.latest  # here a run may be broken off, and the next one comes by again
        library.latest = None


def show_problems(library: PhotoLibrary) -> None:
    """Show a sentence for each picture that could not be opened."""
    with st.container(key="photo-problems"):
        for problem in library.problems.sentences():
            st.error(plain(problem))


def _first_photo(options: Sequence[str], first: str) -> str:
    """Return the sample of the link, else the one that suits the page, which nobody has chosen then."""
    wanted = st.query_params.get("sample", "")
    if wanted in options and wanted != st.session_state.get(_DEFAULT):
        st.session_state.pop(_DEFAULT, None)
        return wanted
    st.session_state[_DEFAULT] = first
    return first


def pick(key: str) -> None:
    """Turn to the photo of a key; the run that follows shows it."""
    st.session_state["photo"] = key
    st.session_state.pop(_DEFAULT, None)


def choose_photo(
    library: PhotoLibrary, first: str | None = None, edits_of: Callable[[LibraryPhoto], str] | None = None
) -> str:
    """Choose a photo: return the key of one of the visitor's, or the name of a sample, which then stands in the link.

    Args:
        library: the visitor's photos.
        first: the page's own sample, for whoever has chosen none, here or on another page; None where any will do.
        edits_of: returns what the visitor did to a photo, for the browser to keep. A page with it, and with the intake
            in view, also takes in the photos that the browser has kept.
    """
    kept = kept_photos()
    kept.receive(returned())
    options = [*reversed(library.photos), *SAMPLES]
    current = st.session_state.get("photo")
    is_default = current == st.session_state.get(_DEFAULT)
    if first is None and is_default and current in GREY_SAMPLES:
        first = _WITH_COLORS
    if current not in options or (first is not None and is_default):
        st.session_state["photo"] = _first_photo(options, first or SAMPLES[0])
    chosen = str(st.session_state["photo"])
    photo = library.photos.get(chosen)
    keeping = Keeping(
        kept,
        photo,
        edits_of(photo) if photo and edits_of else None,
        kept.forgotten(library.photos),
        returns=edits_of is not None,
    )
    latest = [*reversed(library.photos)][:_MOST_IN_STRIP]
    own = [thumbnail_of(library.photos[key]) for key in latest]
    if photo is not None and chosen not in latest:
        own.append(thumbnail_of(photo))
    show_strip(own, [*map(thumbnail_of_sample, SAMPLES)], chosen, pick, keeping)
    if photo is not None:
        st.query_params.pop("sample", None)
        st.button(
            "Forget this photo" if edits_of else f"Remove {photo.name}",
            icon=":material/close:",
            type="tertiary",
            help=_FORGET_HELP,
            on_click=forget_photos,
            args=(library, [chosen]),
        )
    else:
        st.query_params["sample"] = chosen
    return chosen


def forget_photos(library: PhotoLibrary, keys: Sequence[str]) -> None:
    """Take photos off the page, and out of the visitor's browser."""
    for key in keys:
        library.photos.pop(key, None)
        kept_photos().forget(key)
    library.problems.clear()


def shot_of(library: PhotoLibrary, key: str) -> LibraryPhoto:
    """Return the photo of a key; a sample is opened when it is first chosen, and kept."""
    if key in library.photos:
        library.look_at(key)
        return library.photos[key]
    if key not in library.samples:
        content = read_sample(key)
        with full_size(content, key) as opened:
            library.samples[key] = make_shot(key, content, opened, key)
    return library.samples[key]


def choose_view(library: PhotoLibrary, page: str, first: str | None = None) -> LibraryPhoto:
    """Show all photos in one line with the uploader beside them; return the chosen one.

    Args:
        library: the visitor's photos.
        page: whose keys these are.
        first: the page's own sample, as `choose_photo` takes it.
    """
    # What was given is to be seen now, so there is a new popover then, which is closed. To close the old one would do
    # nothing where the browser was not told yet that the server knows it to be open.
    own = f"{page}-own-{library.closed}"
    with st.container(key=f"{page}-own-row", horizontal=True, vertical_alignment="bottom"):
        photos = st.container(key="photos", horizontal=True)
        with st.popover("Your own photo", icon=":material/add_photo_alternate:", key=own, on_change="rerun"):
            show_sources(library)
    open_arrivals(library)
    show_problems(library)
    with photos:
        return shot_of(library, choose_photo(library, first))
