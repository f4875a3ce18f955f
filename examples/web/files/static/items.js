"use strict";
const list = document.getElementById("items");
const form = document.getElementById("new");

async function show() {
  const items = await (await fetch("/api/items")).json();
  list.replaceChildren(...items.map((item) => {
    const row = document.createElement("li");
    const button = document.createElement("button");
    row.textContent = item.name;
    button.textContent = "×";
    button.title = "Delete";
    button.onclick = async () => { await fetch(`/api/items/${item.id}`, { method: "DELETE" }); show(); };
    row.append(button);
    return row;
  }));
}

form.onsubmit = async (event) => {
  event.preventDefault();
  const answer = await fetch("/api/items", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: form.elements.name.value }),
  });
  if (answer.ok) form.reset(); else alert(await answer.text());
  show();
};

show();
