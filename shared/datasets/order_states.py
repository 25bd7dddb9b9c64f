"""What is said of an order, a payment or a line: whether it is a purchase, and of a product.

English, Chinese, German, French and Spanish; compared by `header_key`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .cells import header_key

CANCELLED, REFUNDED, UNPAID, TEST = "cancelled", "refunded", "not paid", "test order"
BOUGHT, PAID = "", "paid"
DELETED = "删除"  # JD writes it before what the state was


def _said(reason: str, words: str) -> Iterator[tuple[str, str]]:
    for word in words.split("|"):
        yield header_key(word), reason


# What is said of an order, a payment or a line -> why it is no purchase; "" where it is one.
STATES: Mapping[str, str] = dict(
    (
        *_said(
            CANCELLED,
            "cancelled|canceled|voided|void|failed|denied|rejected|declined|expired|trash|deleted"
            "|fraud|error|payment error|wc-cancelled|wc-failed|failure|abandoned|aborted"
            "|已取消|取消|交易关闭|已关闭|订单关闭|关闭|交易取消|已作废|作废|取消订单|锁定|已删除"
            "|storniert|abgebrochen|fehlgeschlagen|abgelehnt|annulé|annulée|échoué|échouée|refusé"
            "|erreur de paiement|cancelado|cancelada|fallido|fallida|rechazado|anulado|anulada"
            "|交易關閉|已關閉|訂單關閉|關閉|已作廢|作廢|取消訂單|鎖定|已刪除|付款失敗|不成立"
            "|TRADE_CLOSED_BY_TAOBAO|TRADE_CANCELED|LOCKED|TRADE_CLOSED_BY_USER|unfulfillable",
        ),
        *_said(
            REFUNDED,
            "refunded|refund|fully refunded|closed|returned|reversed|chargeback|charged back"
            "|wc-refunded|return|refund successful|SUCCESS_REFUND|TRADE_CLOSED"
            "|退款成功|已退款|已退货|退货成功|全额退款|退款完成|售后完成|退货退款成功"
            "|已退貨|退貨成功|全額退款|售後完成|退貨退款成功"
            "|erstattet|zurückerstattet|retourniert|remboursé|remboursée|retourné|retournée"
            "|reembolsado|reembolsada|devuelto|devuelta",
        ),
        *_said(
            UNPAID,
            "pending|pending payment|payment pending|unpaid|not paid|awaiting payment|on hold"
            "|awaiting check payment|awaiting bank wire payment|awaiting cheque payment|holded"
            "|payment review|draft|checkout-draft|auto-draft|wc-pending|wc-on-hold|incomplete"
            "|awaiting bank wire|wc-checkout-draft|payment_review|invoice sent|quote|missing orders"
            "|待付款|未付款|等待买家付款|等待付款|待支付|未支付|待确认|预付款未付|等待买家付定金"
            "|等待買家付款|待確認|預付款未付|等待買家付定金|尚未付款|等待付款中"
            "|WAIT_BUYER_PAY|TRADE_NO_CREATE_PAY|NOT_PAY|PAY_PENDING|WAIT_PAY|created"
            "|offen|ausstehend|nicht bezahlt|unbezahlt|zahlung ausstehend|in wartestellung|entwurf"
            "|wartet auf zahlung|zahlung offen|en attente|en attente de paiement|non payé|impayé"
            "|impayée|non payée|brouillon|en attente du paiement|pendiente|pendiente de pago"
            "|no pagado|en espera|sin pagar|esperando pago|borrador",
        ),
        *_said(
            BOUGHT,
            "paid|completed|complete|processing|shipped|delivered|new|open|in progress|processed"
            "|authorized|partially paid|partially refunded|partially_refunded|partiallyrefunded"
            "|unshipped|partially shipped|fulfilled|unfulfilled|partial|confirmed|payment accepted"
            "|processing in progress|on backorder (paid)|on backorder (not paid)|closed by buyer"
            "|wc-processing|wc-completed|sent|received|packed|picked|ready|backordered|preparing"
            "|success|shipping|in transit|paid_partially|part paid|remote payment accepted|replaced"
            "|交易成功|买家已付款|买家已付款,等待卖家发货|等待卖家发货|卖家已发货|已签收|自提"
            "|卖家已发货,等待买家确认|卖家部分发货|等待买家确认收货|等待确认收货|已发货|待发货|待收货"
            "|已完成|完成|已付款|已支付|等待出库|等待打印|等待发货|部分发货|待评价|货到付款|付款成功"
            "|部分退款|没有申请退款|无退款|无售后|未申请|退款关闭|退款中|正常|NO_REFUND|FINISHED"
            "|買家已付款|等待賣家發貨|賣家已發貨|已簽收|已發貨|待發貨|待收貨|已出貨|待出貨|處理中|已確認"
            "|等待出庫|等待列印|部分發貨|部分出貨|待評價|貨到付款|沒有申請退款|無退款|無售後|未申請|退款關閉"
            "|WAIT_SELLER_SEND_GOODS|WAIT_BUYER_CONFIRM_GOODS|SELLER_CONSIGNED_PART|FINISHED_L"
            "|TRADE_BUYER_SIGNED|TRADE_FINISHED|TRADE_SUCCESS|TRADE_PAID|WAIT_SELLER_STOCK_OUT"
            "|WAIT_GOODS_RECEIVE_CONFIRM|PAID_FORBID_CONSIGN|CLOSED_REFUND"
            "|bezahlt|abgeschlossen|in bearbeitung|versendet|versandt|geliefert|teilweise erstattet"
            "|teilweise bezahlt|neu|terminé|terminée|en cours|en cours de préparation|expédié"
            "|payé|payée|livré|livrée|expédiée|paiement accepté|completado|completada|procesando"
            "|enviado|entregado|pagado|pago aceptado|en preparación|en proceso",
        ),
    )
)
# Said of a payment, these are others than of an order.
PAYMENT_STATES: Mapping[str, str] = {
    **dict.fromkeys(("open", "new", "0", "created", "processing", "否", "未", "offen"), UNPAID),
    **dict.fromkeys(("1", "closed"), BOUGHT),
}
# Said of one line: an article that is not sent yet is bought.
LINE_STATES: Mapping[str, str] = {
    **dict.fromkeys(("pending", "new", "created", "open"), BOUGHT),
    **dict.fromkeys((header_key("SUCCESS"), header_key("REFUND_SUCCESS")), REFUNDED),
    **dict.fromkeys((header_key("CLOSED"),), BOUGHT),  # of a request for a refund, at Taobao
}
# Numbers of states as these programs come; states that a shop adds have higher ones.
NUMBERED_STATES: Mapping[str, Mapping[str, str]] = {
    header_key("current_state"): {  # PrestaShop
        **dict.fromkeys(("1", "10", "12", "13"), UNPAID),
        **dict.fromkeys(("6", "8"), CANCELLED),
        "7": REFUNDED,
    },
    header_key("order_status_id"): {  # OpenCart
        **dict.fromkeys(("0", "1"), UNPAID),
        **dict.fromkeys(("7", "8", "10", "14", "16"), CANCELLED),
        **dict.fromkeys(("11", "12", "13"), REFUNDED),
    },
}
_NO_PRODUCT = {
    "gift card": "禮品卡|禮券|購物卡|"
    "gift card|giftcard|e gift card|gift voucher|gift certificate|store credit"
    "|egift card|digital gift card|礼品卡|购物卡|充值卡|geschenkgutschein|geschenkkarte|gutschein"
    "|carte cadeau|chèque cadeau|bon cadeau|e carte cadeau|tarjeta regalo|tarjeta de regalo"
    "|vale regalo",
    "shipping": "運費|郵費|快遞費|配送費|物流費|"
    "shipping|delivery|postage|shipping fee|delivery fee|shipping cost|freight"
    "|shipping costs|shipping charge|express shipping|standard shipping|free shipping|运费|邮费"
    "|快递费|配送费|运费差价|邮费补差|补运费|versand|versandkosten|lieferkosten|porto|livraison"
    "|frais de port|frais de livraison|expédition|envío|gastos de envío|coste de envío",
    "discount": "優惠券|優惠|折價券|紅包|"
    "discount|coupon|promotion|voucher|promo code|优惠券|折扣|优惠|红包|rabatt"
    "|gutscheincode|nachlass|remise|réduction|code promo|descuento|cupón",
    "tip": "小費|打賞|tip|gratuity|tips|donation|小费|打赏|trinkgeld|pourboire|propina|spende|don",
    "fee": "補差價|差價|手續費|稅費|包裝費|服務費|"
    "fee|surcharge|handling|handling fee|tax|taxes|vat|deposit|service fee|补差价|差价"
    "|差价补拍|手续费|税费|包装费|服务费|gebühr|bearbeitungsgebühr|steuer|frais|frais de dossier"
    "|taxe|recargo|comisión|impuesto",
}
NO_PRODUCTS: Mapping[str, str] = {
    header_key(word): reason for reason, words in _NO_PRODUCT.items() for word in words.split("|")
}
GUESTS = frozenset(
    (
        "0",
        "-1",
        "guest",
        "anonymous",
        "anon",
        "unknown",
        "gast",
        "invité",
        "invitado",
        "游客",
        "匿名",
    )
)
