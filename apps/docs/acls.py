"""The table of rights in docs/security.md and docs/security.zh.md, from what services say of
themselves.

python -m shopkeeper.apps.docs.acls docs/security.md docs/security.zh.md    # writes it anew
"""

from __future__ import annotations

import sys
from pathlib import Path

from shopkeeper import services
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka import acls

BEGIN, END = "<!-- rights: begin -->", "<!-- rights: end -->"
ROLES = {  # role -> who it is, in English and in Chinese
    acls.SHOP: ("a shop's own producers", "商店自己的生产者"),
    acls.SUBSCRIBER: ("who reads the outputs", "读取输出的程序"),
    acls.VIEWER: ("`status`, `tail`, `report`, the console", "`status`、`tail`、`report`、控制台"),
    acls.OPERATOR: ("all of the command line", "全部命令行"),
}
WORKER = ("its workers", "其工作进程")
HEADS = (("principal", "who", "may", "on"), ("主体", "是谁", "操作", "对象"))
EVERY = ("every topic of ours", "我们的所有主题")
GROUP = ("group", "消费组")


def table(chinese: bool = False) -> str:
    """Markdown, one row for what a role may do with the same operations."""
    place = int(chinese)
    lines = [f"| {' | '.join(HEADS[place])} |", "|---|---|---|---|"]
    for role, grants in acls.roles(services.specs()).items():
        who = ROLES.get(role, WORKER)[place]
        for (resource, operations), names in acls.together(grants).items():
            on = ", ".join(f"`{name}`" for name in names)
            if set(names) == topics.BY_NAME.keys():
                on = EVERY[place]
            elif resource == "Group":
                on = f"{GROUP[place]} {on}"
            lines.append(f"| `User:{role}` | {who} | {', '.join(operations)} | {on} |")
    return "\n".join(lines) + "\n"


def written(page: str, chinese: bool) -> str:
    """The page with the table as it is now. Raises ValueError where it has no place for it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table(chinese)}\n{END}{after}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(written(path.read_text("utf-8"), name.endswith(".zh.md")), "utf-8")
