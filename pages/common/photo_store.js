// The visitor's own browser keeps their last photos and what they did to them, in its IndexedDB. It stands before the
// script of the strip. Every function may fail: some private windows have no such place, and a full disk no room.
const MOST_KEPT = 8;

let connection;
const connect = () => connection ??= new Promise((resolve, reject) => {
  const request = indexedDB.open("colorizer", 1);
  request.onupgradeneeded = () => {
    for (const name of ["notes", "files"]) request.result.createObjectStore(name, { keyPath: "key" });
  };
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// What does not fit shows only when the whole is written.
const inStore = async (mode, work) => {
  const transaction = (await connect()).transaction(["notes", "files"], mode);
  const written = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  const [result] = await Promise.all([work(transaction.objectStore("notes"), transaction.objectStore("files")), written]);
  return result;
};

const newestFirst = (notes) => notes.sort((one, other) => other.used - one.used);

const keptNotes = () => inStore("readonly", async (notes) => newestFirst(await asked(notes.getAll())));

const keptFile = (key) => inStore("readonly", (notes, files) => asked(files.get(key)));

const noteOf = (key) => inStore("readonly", (notes) => asked(notes.get(key)));

const keepNote = (note) => inStore("readwrite", (notes) => asked(notes.put(note)));

const keepPhoto = (note, name, blob) => inStore("readwrite", async (notes, files) => {
  files.put({ key: note.key, name, blob });
  notes.put(note);
  for (const { key } of newestFirst(await asked(notes.getAll())).slice(MOST_KEPT)) {
    notes.delete(key);
    files.delete(key);
  }
});

const forgetPhotos = (keys) => inStore("readwrite", async (notes, files) => {
  for (const key of keys) {
    notes.delete(key);
    files.delete(key);
  }
});
