"""Lessons: the page that leads to the five."""

from pages.common.bootstrap import run_through_app
from pages.features.lessons.contents import show_contents


def main() -> None:
    show_contents()


run_through_app()
main()
