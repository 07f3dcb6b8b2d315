// The files of a folder, from a dialog or dropped: each with the path that its user knows.
(() => {
  const READABLE = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif|hei[cf]|pdf)$/i;

  // Hidden files are what programs leave beside pictures, such as macOS's "._photo.jpg".
  const readable = (files) => files.filter(({ path, file }) =>
    READABLE.test(file.name) && !path.split("/").some((part) => part.startsWith(".")));

  // A folder's own name; of pictures, the day.
  function nameOf(files) {
    const [first] = files[0].path.split("/");
    return first !== files[0].path ? first : new Date().toLocaleDateString("sv");
  }

  function fromInput(input) {
    const files = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
    input.value = "";
    return files;
  }

  async function fromDrop(event) {
    const plain = [...event.dataTransfer.files].map((file) => ({ file, path: file.name })); // gone after the first await
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    return entries.length ? (await Promise.all(entries.map((entry) => within(entry, "")))).flat() : plain;
  }

  async function within(entry, before) {
    const path = `${before}${entry.name}`;
    if (entry.isFile) return [{ path, file: await new Promise((done, fail) => entry.file(done, fail)) }];
    const reader = entry.createReader();
    const inside = [];
    for (let some; (some = await new Promise((done, fail) => reader.readEntries(done, fail))).length;) inside.push(...some);
    return (await Promise.all(inside.map((each) => within(each, `${path}/`)))).flat();
  }

  window.secondLook.folderFiles = { readable, nameOf, fromInput, fromDrop };
})();
