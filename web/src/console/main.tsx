/** Entry of the console's page. */
import { render } from "preact";
import { Flow } from "../common/flow";
import { say } from "../common/language";
import "../common/theme.css";

function Page() {
  return (
    <main>
      <h1>{say(["Shopkeeper console", "Shopkeeper 控制台"])}</h1>
      <Flow />
    </main>
  );
}

const place = document.getElementById("page");
if (place) render(<Page />, place);
