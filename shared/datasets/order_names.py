"""What shops' programs call the parts of an order: columns of tables, fields of documents.

English, Chinese, German, French and Spanish; compared by `header_key`. A document's nested name is
its path without the wrappers: `customer.id` and `Customer ID` are one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .cells import header_key
from .order_names_traditional import TRADITIONAL

# Field -> names of columns, the surest first. What a JSON document may say besides is below.
_ORDER_FIELDS: Mapping[str, Sequence[str]] = {
    "order_id": (
        *("order_id", "amazon order id", "order number", "order no", "order #", "ordernum"),
        *("increment_id", "order name", "order reference", "order code", "sales order"),
        *("订单编号", "订单号", "主订单编号", "主订单号", "交易编号", "父订单号", "订单id", "tid"),
        *("Bestellnummer", "Bestell-Nr.", "Bestellnr", "Auftragsnummer", "Auftrags-Nr."),
        *("Bestellungsnummer", "Numéro de commande", "N° de commande", "N° commande"),
        *("Référence commande", "ID commande", "Número de pedido", "Nº de pedido", "N.º de pedido"),
        *("Núm. pedido", "ID de pedido", "ID pedido", "Referencia del pedido", "order", "Pedido"),
        *("Commande", "Bestellung", "id_order", "order_sn", "trade_no"),
    ),
    "api_id": (),  # of Shopify's table, which refunds name an order by
    "timestamp": (
        *("date_created_gmt", "order_date_gmt", "created at", "purchase date", "order date"),
        *("order datetime", "order time", "order created", "order created date", "date ordered"),
        *("placed at", "date added", "date_add", "creation date", "date created", "processed at"),
        *("order date time", "created date", "createtime", "created time", "order_date_time"),
        *("下单时间", "订单创建时间", "创建时间", "拍下时间", "订单时间", "下单日期", "订单日期"),
        *("付款时间", "支付时间", "订单付款时间", "成交时间"),
        *("Bestelldatum", "Bestellzeit", "Bestellzeitpunkt", "Auftragsdatum", "Erstellt am"),
        *("Kaufdatum", "Date de commande", "Date de la commande", "Créé le", "Date de création"),
        *("Date d'achat", "Fecha de pedido", "Fecha del pedido", "Fecha de compra", "Creado el"),
        *("Fecha de creación", "paid at", "payments date", "payment date", "paid date"),
        *("timestamp", "datetime", "date", "Datum", "Fecha", "created", "日期", "时间"),
    ),
    "user_id": (
        *(
            "customer_id",
            "user_id",
            "buyer_id",
            "member_id",
            "account_id",
            "client_id",
            "id_customer",
        ),
        *("customer number", "customer no", "customer_no", "customer user id", "customer user"),
        *("会员id", "用户id", "客户id", "买家id", "会员编号", "客户编号", "用户编号", "会员号"),
        *("Kundennummer", "Kunden-Nr.", "Kundennr", "Kunden-ID", "Numéro client", "N° client"),
        *("ID client", "Número de cliente", "Nº de cliente", "ID de cliente", "ID cliente"),
        *("用户账号", "下单帐号", "下单账号", "买家会员名", "买家账号", "买家旺旺"),
        *("会员名", "用户名", "buyer_nick", "buyer nick", "username", "user name", "pin", "user"),
        *("customer user name", "buyer username", "customer login"),
    ),
    "email": (
        *("email", "e-mail", "customer email", "email (billing)", "billing email", "buyer email"),
        *("contact email", "email address", "customer e-mail", "邮箱", "电子邮箱", "买家邮箱"),
        *("E-Mail-Adresse", "Kunden-E-Mail", "Adresse e-mail", "Courriel", "Adresse email"),
        *("Correo electrónico", "Correo", "E-mail client", "Email del cliente"),
    ),
    "phone": (
        *(
            "phone",
            "customer phone",
            "billing phone",
            "phone (billing)",
            "telephone",
            "buyer phone",
        ),
        *("手机", "手机号", "买家手机号", "买家手机", "联系手机", "收货人手机", "收货人手机号"),
        *("联系电话", "客户电话", "收货人手机号/提货人手机号", "Telefon", "Telefonnummer"),
        *("Téléphone", "Teléfono", "buyer phone number", "ship phone number"),
    ),
    # Often a person's name: only what looks like a number is an id.
    "customer": ("customer", "client", "buyer", "Kunde", "Client", "Cliente", "客户", "买家"),
    "nickname": ("买家昵称", "客户昵称", "用户昵称", "nickname"),
    "status": (
        *("order status", "order state", "status", "state", "current state", "order_status_id"),
        *(
            "订单状态",
            "交易状态",
            "状态",
            "Bestellstatus",
            "Auftragsstatus",
            "Statut de la commande",
        ),
        *("Statut", "État", "Etat", "Estado del pedido", "Estado", "order_status_code"),
    ),
    "payment_status": (
        *("financial status", "payment status", "payment state", "paid", "is paid"),
        *("支付状态", "付款状态", "Zahlungsstatus", "Bezahlt", "Statut du paiement"),
        *("Statut de paiement", "Payée", "Estado del pago", "Estado de pago", "Pagado"),
    ),
    "cancelled_at": (
        *("cancelled at", "canceled at", "cancelled date", "canceled date", "date cancelled"),
        *("cancellation date", "取消时间", "Storniert am", "Annulée le", "Cancelado el"),
    ),
    "paid_at": (
        *("paid at", "date_paid_gmt", "date paid", "payment date", "payments date", "paid date"),
        *("付款时间", "支付时间", "订单付款时间", "Bezahlt am", "Payée le", "Pagado el"),
    ),
    "test": ("test", "is test", "test order", "测试订单", "Testbestellung"),
    "currency": (
        *(
            "currency",
            "order currency",
            "currency code",
            "order_currency_code",
            "presentment currency",
        ),
        *("币种", "货币", "Währung", "Devise", "Moneda", "currency_iso_code"),
    ),
}
_LINE_FIELDS: Mapping[str, Sequence[str]] = {
    "kinds": ("宝贝种类", "商品种类", "商品种类数"),  # in a row of an order, of Taobao's overview
    "item_id": (
        *(
            "product_id",
            "id_product",
            "item_id",
            "product number",
            "product no",
            "lineitem sku",
            "line item sku",
        ),
        *("item code", "item no", "article number", "article no", "part number", "part no"),
        *("item #", "item number", "asin", "stock_code", "article_id", "sku", "item sku"),
        *("product sku", "product code", "product reference", "seller sku", "item_number"),
        *(
            "商品id",
            "宝贝id",
            "商品编号",
            "商品编码",
            "商品货号",
            "宝贝编号",
            "商家编码",
            "规格编码",
        ),
        *("外部系统编号", "货号", "sku编码", "num_iid", "goods_id", "skuid"),
        *("Artikelnummer", "Artikel-Nr.", "Artikelnr", "Produktnummer", "Produkt-ID"),
        *("Référence produit", "Référence", "ID produit", "Code article", "Code produit"),
        *("Referencia del producto", "Referencia", "ID de producto", "ID producto"),
        *("Código de producto", "Código de artículo"),
    ),
    "item_sku": (
        *(
            "lineitem sku",
            "line item sku",
            "sku",
            "item sku",
            "product sku",
            "商家编码",
            "variant sku",
        ),
        *("seller sku", "product code", "product reference"),
    ),
    "title": (
        *("lineitem name", "line item name", "product name", "item name", "product title"),
        *("item title", "item description", "product", "item", "商品名称", "宝贝标题", "宝贝名称"),
        *(
            "商品标题",
            "商品",
            "标题",
            "Artikelname",
            "Artikelbezeichnung",
            "Produktname",
            "Artikel",
        ),
        *("Produkt", "Nom du produit", "Produit", "Article", "Désignation", "Nombre del producto"),
        *("Producto", "Artículo", "line_item", "description", "name"),
    ),
    "quantity": (
        *("lineitem quantity", "line item quantity", "current quantity", "quantity purchased"),
        *(
            "qty_ordered",
            "quantity ordered",
            "quantity",
            "qty",
            "product quantity",
            "item quantity",
        ),
        *("quantity (- refund)", "units", "商品数量", "宝贝数量", "购买数量", "订购数量", "数量"),
        *("宝贝总数量", "商品总数量", "商品总数", "总数量", "件数"),
        *("Menge", "Anzahl", "Stückzahl", "Quantité", "Qté", "Cantidad", "Cant.", "order quantity"),
    ),
    "price": (
        *("lineitem price", "line item price", "unit price", "unit_price_tax_incl", "item cost"),
        *("unit cost", "product price", "sale price", "单价", "商品单价", "宝贝单价", "价格"),
        *("商品价格", "京东价", "Einzelpreis", "Stückpreis", "Preis", "Prix unitaire", "Prix"),
        *("Precio unitario", "Precio", "price each", "price"),
    ),
    "line_total": (
        *(
            "line total",
            "lineitem total",
            "item total",
            "order line total",
            "row total",
            "item price",
        ),
        *("商品总价", "商品金额", "小计", "Zeilensumme", "Positionssumme", "Total ligne"),
        *("Total de línea", "Subtotal de línea", "total_price_tax_incl"),
    ),
    "refunded": (
        *("refunded quantity", "quantity refunded", "qty_refunded", "returned quantity"),
        *("product_quantity_refunded", "退款数量", "退货数量"),
    ),
    "cancelled": ("cancelled quantity", "canceled quantity", "qty_canceled", "quantity cancelled"),
    "line_status": (
        *("item status", "line item status", "line status", "line item state", "商品状态"),
        *("子订单状态", "订单商品状态"),
    ),
    "refund_status": ("refund status", "退款状态", "售后状态", "商品退款状态", "商品售后状态"),
    "kind": ("line item type", "lineitem type", "line type", "item type", "order item type"),
    "gift_card": ("gift card", "is gift card", "lineitem gift card"),
    "parent": ("parent_item_id", "parent id", "parent line item", "parent_order_item_id"),
}
ORDER_FIELDS, LINE_FIELDS = (
    {name: (*names, *TRADITIONAL.get(name, ())) for name, names in fields.items()}
    for fields in (_ORDER_FIELDS, _LINE_FIELDS)
)
# Shopify's table calls an order by its name, and its columns of lines so.
NAMED_ORDER, NAMED_LINE = header_key("name"), header_key("lineitem name")
# What a document calls these, where a table's column of that name says something else.
ORDER_IN_DOCUMENT: Mapping[str, Sequence[str]] = {
    "order_id": ("number", "code", "reference"),
    "timestamp": ("created_on", "ordered_at", "created_time", "order_start_time"),
    "user_id": (
        *(
            "customer.id",
            "customer.customer_no",
            "buyer.id",
            "user.id",
            "order_customer.customer_id",
            "customer_info.customer_id",
        ),
        *("order_customer.customer_number", "customer_info.customer_no", "buyer_info.yz_open_id"),
        *("buyer_info.buyer_id", "buyer_info.outer_user_id", "buyer_info.fans_id"),
    ),
    "email": (
        *("customer.email", "billing.email", "billing_address.email", "order_customer.email"),
        *(
            "customer.customer_email",
            "customer_info.email",
            "buyer_info.email",
            "buyer_info.buyer_email",
        ),
    ),
    "phone": (
        "customer.phone",
        "billing.phone",
        "buyer_info.buyer_phone",
        "billing_address.telephone",
    ),
    "status": (
        "status.order_status",
        "state_machine_state.technical_name",
        "order_state",
        "status_str",
    ),
    "payment_status": (
        "display_financial_status",
        "status.payment_status",
        "transactions.state_machine_state.technical_name",
    ),
    "paid_at": ("pay_time",),
    "currency": ("currency.iso_code", "order_currency_code"),
}
LINE_IN_DOCUMENT: Mapping[str, Sequence[str]] = {
    "item_id": (
        *("product.id", "variant.product.id", "referenced_id", "identifier", "ware_id", "id"),
        *("item.id", "product.sku", "variant.sku"),
    ),
    "item_sku": ("product.sku", "variant.sku", "payload.product_number", "outer_sku_id"),
    "title": ("title", "label", "item_text", "product_title", "sku_name"),
    "quantity": ("num", "count", "item_count", "item_total"),
    "price": (
        *("original_unit_price_set.shop_money.amount", "price.unit_price", "base_price"),
        *("jd_price", "price.amount", "price.value"),
    ),
    "line_total": ("total_price", "payment", "total"),
    "line_status": ("status",),
    "kind": ("type",),
}
# An order's own id is what webhooks and refunds name it by, before the number that customers see.
FIRST_IN_DOCUMENT: Mapping[str, Sequence[str]] = {"order_id": ("id",)}
# With any of these, the `id` of a line is the line's own and no product's.
NAMES_A_PRODUCT = frozenset(
    map(header_key, ("product_id", "variant_id", "variation_id", "sku", "product.id", "identifier"))
)
# Where a document has the lines of an order.
LINES = (
    *("line_items", "lineitems", "product_items", "order_rows", "order_lines", "order_items"),
    *("orderproducts", "product_line_items", "item_info_list", "products", "items", "lines"),
    *("orders", "order_products", "order_detail", "order_details", "positions"),
)
WRAPPERS = frozenset(("node", "attributes", "orderinfo", "fullorderinfo", "payload", "fields"))
