// Where the cloud under test is, and whose account to use. All of it comes from the environment:
// `sightline demo` prints the values.

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; README.md says what it is`);
  return value;
}

export const settings = {
  url: required("SIGHTLINE_URL").replace(/\/$/, ""),
  email: required("SIGHTLINE_EMAIL"),
  password: required("SIGHTLINE_PASSWORD"),
  cloudId: required("SIGHTLINE_CLOUD_ID"),
  /** File that the server's output goes to, mailed codes included. */
  output: process.env.SIGHTLINE_OUTPUT,
  /** Folder with the project's programs, `sightline` and `sightline-agent`. */
  programs: process.env.SIGHTLINE_BIN_DIR,
  /** Folder for pictures of each page. */
  shots: process.env.SIGHTLINE_SHOTS,
  chromium: process.env.SIGHTLINE_CHROMIUM ?? "/usr/bin/chromium",
};
