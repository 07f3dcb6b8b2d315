// Drafts: what was written and not sent, one for each conversation, for as long as the tab is open.
// A draft on its way to the server stands aside, so that one can write on; where it is refused, it
// comes back. The draft of a conversation stays the same object: pictures may arrive in it late.
(() => {
  const KEPT = "second_look_drafts";
  const empty = () => ({ text: "", files: [], notes: [], job: null, editing: null, before: null });
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"); // by conversation, "" for a new one
  const aside = new Map(); // by number: {place, draft}
  let last = 0;

  const of = (place) => (kept[place] ??= empty());
  const isEmpty = ({ text, files, notes, editing }) => !(text || files.length || notes.length || editing);

  // Two drafts as one. An edit keeps apart what stood in the box before it.
  function joined(first, then) {
    if (first.editing) return { ...first, before: isEmpty(then) ? first.before : { ...then } };
    const text = [first.text, then.text].filter(Boolean).join("\n\n");
    const files = [...first.files, ...then.files];
    return { ...then, text, files, notes: [...first.notes, ...then.notes], job: first.job ?? then.job };
  }

  // False where the browser has no room for it.
  function keep() {
    const all = { ...kept };
    for (const { place, draft } of aside.values()) all[place] = joined(draft, of(place)); // if it is refused
    const worth = Object.entries(all).filter(([, draft]) => !isEmpty(draft));
    try { sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(worth))); } catch { return false; }
    return true;
  }

  function send(place) {
    last += 1;
    aside.set(last, { place, draft: of(place) });
    kept[place] = of(place).before ?? empty();
    keep();
    return last;
  }

  // Returns whose draft it was. What was written meanwhile belongs to the conversation that began.
  function answered({ number, taken, conversation }) {
    const was = aside.get(number);
    if (!was) return null;
    aside.delete(number);
    if (!taken) Object.assign(of(was.place), joined(was.draft, of(was.place)));
    else if (!was.place && conversation) {
      kept[conversation] = of("");
      kept[""] = empty();
    }
    keep();
    return was.place;
  }

  const numbers = () => [...aside.keys()];
  const asideOf = (place) => [...aside.values()].find((each) => each.place === place)?.draft;
  window.secondLook.drafts = { of, empty, isEmpty, keep, send, answered, numbers, aside: asideOf };
})();
