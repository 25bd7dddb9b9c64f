"""Aspects of reviews by the names that Chinese sentences call them."""

from __future__ import annotations

from typing import Final

CHINESE_NAMES: Final = {
    "quality": "质量",
    "price": "价格",
    "delivery": "配送",
    "service": "服务",
    "packaging": "包装",
    "fit": "大小和舒适度",
    "taste": "味道",
    "looks": "外观",
    "performance": "性能",
    "battery": "电池",
    "ease": "易用性",
    "content": "内容",
}
