import { plurals } from "./plural";

const plural = plurals("en");

/** The list of devices and what one does with them, and their import. */
export const manage = {
  list: {
    search: "Search by name or cloud ID",
    status: "Status",
    anyStatus: "Any status",
    relation: "Whose",
    anyRelation: "Own and shared",
    own: "My own",
    shared: "Shared with me",
    order: "Sort by",
    orders: { name: "Name", status: "Status", id: "Cloud ID", claimed: "Newest first" },
    cards: "Cards",
    table: "Table",
    view: "View",
    refresh: "Refresh",
    refreshed: "The list is up to date.",
    import: "Import",
    name: "Name",
    actions: "Actions",
    nothing: "No device matches.",
    clear: "Clear the filters",
    matches: (n: number) => plural(n, { one: "# device found", other: "# devices found" }),
  },
  pages: {
    label: "Pages",
    size: "Per page",
    of: (range: string, total: number) => `${range} of ${total}`,
    previous: "Previous page",
    next: "Next page",
  },
  open: "Open",
  rename: {
    action: "Rename",
    title: "Rename the device",
    submit: "Rename",
    done: (name: string) => `The device is called “${name}” now.`,
  },
  delete: {
    action: "Delete",
    title: (name: string) => `Delete “${name}”?`,
    intro: "The device leaves your account. At once:",
    views: "everything that is open of it ends, for you and for others",
    shares: (n: number) => plural(n, { one: "# share of it ends", other: "# shares of it end" }),
    free: "it can be added again, by anybody who has its verification code",
    submit: "Delete device",
    done: (name: string) => `“${name}” is no longer in your account.`,
  },
  archive: "Records video",
  uplink: (has: string, needs: string) =>
    `Slow link: ${has} measured, ${needs} needed. Pictures may stutter.`,
  uplinkShort: "Slow link",
  megabits: (number: string) => `${number} Mbit/s`,
  unbind: (date: string, reason: string) =>
    `The operator takes this device out of your account on ${date}. Reason: ${reason}`,
  unbindShort: "Will be taken out of your account",
  import: {
    title: "Import devices",
    intro: "Add many devices from one file: up to 500, at most 48 KiB.",
    drop: "Drop a CSV or JSON file here",
    choose: "Choose a file",
    other: "Another file",
    columns:
      "Each line has a cloud ID, a name, and either the verification code or the user name and password of a device administrator.",
    templateCsv: "CSV template",
    templateJson: "JSON template",
    found: (n: number) =>
      plural(n, { one: "# device in the file", other: "# devices in the file" }),
    start: "Import",
    stop: "Stop",
    progress: (done: number, total: number) => `${done} of ${total}`,
    line: "Line",
    result: "Result",
    waiting: "Waiting",
    added: "Added",
    summary: (added: number, failed: number) => `${added} added, ${failed} not added`,
    retry: (n: number) =>
      plural(n, { one: "Try # failed one again", other: "Try # failed ones again" }),
    stopped: "The import was interrupted. What was added stays.",
    toDevices: "To my devices",
    problems: {
      tooLarge: "The file is larger than 48 KiB.",
      tooMany: "The file holds more than 500 devices.",
      empty: "The file holds no devices.",
      json: "The file is no JSON list of devices.",
      heading: (columns: string) => `The first line must name the columns: ${columns}.`,
    },
  },
};
