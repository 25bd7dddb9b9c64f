"""Writes Gorse's feedback, items and users as the files that `shopkeeper replay` reads.

python from_gorse.py feedback.json items.json users.json FOLDER [--feedback like=view ...]

Each file is a JSON array, JSON lines, or a page of Gorse's REST API ({"Cursor": ..., "Items": [...]}).
"""
import argparse, csv, json
from pathlib import Path

# What a FeedbackType of yours means to Shopkeeper: view, addtocart, remove or purchase; "" leaves it out.
EVENTS = {"read": "view", "click": "view", "view": "view", "like": "view", "star": "view",
          "cart": "addtocart", "add_to_cart": "addtocart", "buy": "purchase", "purchase": "purchase"}
PROFILE = ("age", "gender", "region", "language", "occupation")

def rows(path):
    """The objects of a file, in any of the three forms."""
    text = Path(path).read_text("utf-8")
    try:
        found = json.loads(text)
    except json.JSONDecodeError:  # one object a line
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(found, dict):
        pages = [value for value in found.values() if isinstance(value, list)]
        return pages[0] if "Cursor" in found and pages else [found]
    return found

def event(row, kinds):
    """One feedback as a row of `--format events`, or None."""
    kind = kinds.get(row["FeedbackType"])
    if kind is None:
        raise SystemExit(f"what is a {row['FeedbackType']!r}? say --feedback {row['FeedbackType']}=view, or ''")
    made = {"user_id": row["UserId"], "item_id": row["ItemId"], "timestamp": row["Timestamp"], "event": kind}
    if kind == "purchase":  # Gorse knows no orders: what one user bought at one time is one
        made["order_id"] = f"{row['UserId']}/{row['Timestamp']}"
    return made if kind else None

def product(row):
    """One item as a row of a catalogue. Its title is the comment, as Gorse's dashboard shows it."""
    labels = row.get("Labels") if isinstance(row.get("Labels"), dict) else {}
    made = {"product_id": row["ItemId"], "title": row.get("Comment") or row["ItemId"],
            "available": not row.get("IsHidden", False)}
    if row.get("Categories"):
        made["category"] = row["Categories"][0]
    return made | {name: labels[name] for name in ("title_zh", "brand", "price", "currency") if name in labels}

def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("files", nargs=3, metavar="FILE")
    asked.add_argument("folder", type=Path)
    asked.add_argument("--feedback", nargs="*", default=[], metavar="TYPE=EVENT")
    given = asked.parse_args()
    feedback, items, users = given.files
    kinds = EVENTS | dict(each.split("=", 1) for each in given.feedback)
    given.folder.mkdir(parents=True, exist_ok=True)
    events = sorted(filter(None, (event(row, kinds) for row in rows(feedback))), key=lambda e: e["timestamp"])
    for name, lines in (("events.jsonl", events), ("products.jsonl", [product(row) for row in rows(items)])):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (given.folder / name).write_text(text, "utf-8")
    with (given.folder / "users.csv").open("w", newline="", encoding="utf-8") as table:
        writer = csv.writer(table)
        writer.writerow(("user_id", *PROFILE))
        for row in rows(users):
            labels = row.get("Labels") if isinstance(row.get("Labels"), dict) else {}
            if any(name in labels for name in PROFILE):
                writer.writerow((row["UserId"], *(labels.get(name, "") for name in PROFILE)))

main()
