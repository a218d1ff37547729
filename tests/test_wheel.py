"""What other projects install to use the libraries."""

from zipfile import ZipFile

from hatchling.builders.wheel import WheelBuilder


def test_a_wheel_has_the_libraries_whole_and_no_program_of_this_project(root, tmp_path):
    [path] = WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    with ZipFile(path) as wheel:
        names = set(wheel.namelist())
    for folder in (root / "packages").glob("*/__init__.py"):
        files = [item for item in folder.parent.rglob("*") if item.is_file()]
        wanted = {item.relative_to(root / "packages").as_posix() for item in files}
        assert {name for name in wanted if "__pycache__" not in name} <= names
    assert "safe_migrations/template/script.py.mako" in names
    assert not [name for name in names if name.startswith("service/")]
    assert not [name for name in names if name.endswith("entry_points.txt")]
