// Light or dark as the reader has chosen before, set before anything is drawn; without a choice as the system says.

const LOOKS = ["light", "dark"];

try {
  const chosen = localStorage.getItem("look");
  if (LOOKS.includes(chosen)) document.documentElement.dataset.look = chosen;
} catch {
  // A browser that keeps nothing for files: the system's look stays.
}
