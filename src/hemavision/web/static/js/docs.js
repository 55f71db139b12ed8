/** Searches the API reference: what has all the words stays, the rest is put away. */

import { _ } from "./words.js";

const field = document.querySelector("#search");
const found = document.querySelector("[data-part=found]");
const articles = [...document.querySelectorAll("main article")].map((element) => ({
  element, link: document.querySelector(`nav a[href="#${element.id}"]`)?.parentElement, text: element.textContent.toLowerCase(),
}));
const sections = [...document.querySelectorAll("main section")].filter((section) => section.querySelector("article"));

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const { element, link, text } of articles) {
    const fits = words.every((word) => text.includes(word));
    element.hidden = !fits;
    if (link) link.hidden = !fits;
    if (fits) left += 1;
  }
  for (const section of sections) section.hidden = !section.querySelector("article:not([hidden])");
  found.textContent = words.length ? _("{place} of {total}", { place: left, total: articles.length }) : "";
}

document.querySelector("[data-part=search]").hidden = false;
field.addEventListener("input", search);
search();
