// Winds the film on to three quarters: the browser asks for that part of the file only.
const film = document.querySelector("video");
const told = document.querySelector("#seek");

function happened(target, event) {
  return new Promise((resolve, reject) => {
    target.addEventListener(event, resolve, { once: true });
    target.addEventListener("error", () => reject(new Error(`no ${event}`)), { once: true });
  });
}

async function wind() {
  await document.fonts.load("20px Site");
  if (film.readyState < HTMLMediaElement.HAVE_METADATA) await happened(film, "loadedmetadata");
  film.currentTime = film.duration * 0.75;
  await happened(film, "seeked");
  told.textContent = `The film was wound on to ${film.currentTime.toFixed(1)} s without loading all of it.`;
  document.documentElement.dataset.ready = "yes";
}

wind();
