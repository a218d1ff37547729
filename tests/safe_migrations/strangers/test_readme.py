"""The example of packages/safe_migrations/README.md, and what it says that the commands answer."""

import re


def test_the_example_answers_what_the_readme_shows(root, tmp_path, flask_db):
    text = (root / "packages" / "safe_migrations" / "README.md").read_text(encoding="utf-8")
    app, _ = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "app.py").write_text(app, encoding="utf-8")
    [console] = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    shown = re.findall(r"^\$ flask --app app db (.*)\n((?:[^$].*\n)*)", console, re.MULTILINE)
    answers = flask_db(*[command for command, _ in shown])
    for (command, said), (code, answer) in zip(shown, answers, strict=True):
        assert code == 0, answer
        if said or not command.startswith("migrate"):  # Which tells the file's path.
            assert answer == said


def test_the_face_is_what_the_readme_lists(root):
    import safe_migrations  # noqa: PLC0415  what is tested

    text = (root / "packages" / "safe_migrations" / "README.md").read_text(encoding="utf-8")
    face = text.split("## Public face")[1].split("##")[0]
    for name in safe_migrations.__all__:
        assert f"`{name}" in face
        assert getattr(safe_migrations, name).__doc__
