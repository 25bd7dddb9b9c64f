"""The traditional Chinese names of the columns of orders, as shops of Taiwan and Hong Kong write
them: for the very fields of `order_names`, and no conversion of the language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Field -> names of columns, the surest first; they follow those of `order_names`.
TRADITIONAL: Mapping[str, Sequence[str]] = {
    "order_id": (
        *("訂單編號", "訂單號碼", "訂單號", "訂單單號", "主訂單編號", "主訂單號", "交易編號"),
        *("父訂單號", "訂單id", "交易序號"),
    ),
    "timestamp": (
        *("下單時間", "訂單建立時間", "訂單成立時間", "訂單創建時間", "建立時間", "創建時間"),
        *("訂單時間", "下單日期", "訂單日期", "訂購日期", "訂購時間", "訂單成立日期"),
        *("付款時間", "支付時間", "付款日期", "訂單付款時間", "成交時間", "日期", "時間"),
    ),
    "user_id": (
        *("會員id", "用戶id", "使用者id", "顧客id", "客戶id", "買家id", "會員編號", "顧客編號"),
        *("客戶編號", "用戶編號", "使用者編號", "會員號", "會員帳號", "買家帳號", "買家帳號名稱"),
        *("會員名", "用戶名", "使用者名稱"),
    ),
    "email": ("電子郵件", "電子信箱", "電郵", "信箱", "郵箱", "買家信箱", "顧客電郵", "電子郵箱"),
    "phone": (
        "手機",
        "手機號",
        "手機號碼",
        "行動電話",
        "聯絡電話",
        "電話",
        "電話號碼",
        "收件人電話",
    ),
    "customer": ("客戶", "買家", "顧客"),
    "nickname": ("買家暱稱", "客戶暱稱", "用戶暱稱"),
    "status": ("訂單狀態", "交易狀態", "狀態"),
    "payment_status": ("付款狀態", "支付狀態"),
    "cancelled_at": ("取消時間", "取消日期"),
    "paid_at": ("付款時間", "支付時間", "付款日期", "訂單付款時間"),
    "test": ("測試訂單",),
    "currency": ("幣種", "幣別", "貨幣"),
    "kinds": ("商品種類", "商品種類數"),
    "item_id": (
        *("商品id", "商品編號", "商品編碼", "商品貨號", "商品代碼", "商品料號", "規格編碼"),
        *("商品選項貨號", "外部系統編號", "貨號", "sku編碼"),
    ),
    "item_sku": ("商家編碼", "商品選項貨號", "貨號"),
    "title": ("商品名稱", "商品標題", "品名", "產品名稱", "商品", "標題"),
    "quantity": ("商品數量", "購買數量", "訂購數量", "數量", "商品總數量", "總數量", "件數"),
    "price": ("單價", "商品單價", "價格", "商品價格", "售價", "商品售價", "商品結帳價"),
    "line_total": ("商品總價", "商品金額", "小計", "商品小計"),
    "refunded": ("退款數量", "退貨數量"),
    "line_status": ("商品狀態", "子訂單狀態", "訂單商品狀態"),
    "refund_status": ("退款狀態", "售後狀態", "商品退款狀態", "商品售後狀態"),
}
