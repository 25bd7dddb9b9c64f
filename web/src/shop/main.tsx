/** Entry of the shop's page. */
import { render } from "preact";
import { say } from "../common/language";
import "../common/theme.css";

function Page() {
  return <main>{say(["Shopkeeper", "Shopkeeper"])}</main>;
}

const place = document.getElementById("page");
if (place) render(<Page />, place);
