// What a page may publish: the fields of schemas/TYPE.json, for editors and compilers.

export interface Who { user_id?: string; anonymous_id?: string; session_id?: string }
interface Author { user_id?: string; anonymous_id?: string }
interface Shown { product_id: string; position?: number; recomm_id?: string }
interface Line { product_id: string; quantity?: number; price?: number }
export interface Events {
  "product.clicked.v1": Who & Shown;
  "product.added.v1": Who & Shown & Line;
  "product.removed.v1": Who & Line;
  "order.completed.v1": Who & { order_id: string; products: Line[]; total?: number; currency?: string; recomm_id?: string };
  "products.searched.v1": Who & { query: string; locale?: string };
  "product.reviewed.v1": Author & { product_id: string; review_id: string; review_body?: string; rating?: number; locale?: string };
  "question.asked.v1": Who & { question: string; product_id?: string; conversation_id?: string; locale?: string };
  "answer.rated.v1": Who & { answer_id: string; helpful: boolean; route?: string; conversation_id?: string };
}
