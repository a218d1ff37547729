"""A deletion says how many rows of each table went, also while others add some."""

import threading
import time

from tests.json_rows.shelf_models import Stored


def counts_of(library):
    return {
        name: library.rows(f"SELECT count(*) FROM {name}")[0][0] for name in Stored.metadata.tables
    }


def filled_shelves(library, reader):
    """Have three shelves of a reader with something in each table, and seven kept answers."""
    shelves = [library.shelf(reader) for _ in range(3)]
    post = library.client().post
    for number, shelf in enumerate(shelves):
        path = f"/shelves/{shelf['id']}"
        body = [{"position": n, "title": str(n)} for n in range(5)]
        assert post(f"{path}/books/many", json=body, headers={"Idempotency-Key": "k"}).json
        post(f"{path}/pause", json={"text": "?"}, headers={"Idempotency-Key": f"k{number}"})
        post(f"{path}/resume", json={"answer": "!"})
        library.client().put(f"{path}/note", json={"text": "메모"})
    post("/cards", json={"reader_id": reader, "label": "x"}, headers={"Idempotency-Key": "c"})
    return shelves


def test_a_deletion_counts_what_goes_while_others_add(library):
    reader = library.reader()
    other = library.shelf(library.reader())
    own = filled_shelves(library, reader)
    added, asked = [], []
    stop = threading.Event()

    def add():
        client = library.client()
        while not stop.is_set():
            for shelf in own:
                path = f"/shelves/{shelf['id']}"
                book = client.post(f"{path}/books", json={"position": 0, "title": "x"})
                asked.append(client.post(f"{path}/pause", json={"text": "?"}).status_code)
                client.post(f"{path}/resume", json={"answer": "!"})
                added.append(book.status_code)

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    while len(added) < 30:
        time.sleep(0.01)
    gone = library.client().delete(f"/readers/{reader}")
    stop.set()
    for thread in threads:
        thread.join()
    assert gone.status_code == 200, gone.text
    assert set(added) <= {201, 404}
    left = counts_of(library)
    assert left == {**dict.fromkeys(left, 0), "readers": 1, "shelves": 1}
    made = added.count(201) + 15
    expected = {"readers": 1, "shelves": 3, "books": made, "notes": 3, "cards": 1}
    expected["questions"] = asked.count(200) + 3
    assert gone.json == {**gone.json, **expected}
    assert gone.json["reader_answers"] == 7
    assert library.client().get(f"/shelves/{other['id']}").status_code == 200
