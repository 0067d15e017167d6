// What the portal says in each language, where a person relies on the words.

export const WORDS = {
  "en-US": {
    hours: (days) => `${shortDays("en", days)} 10:00–17:59, 20:00–21:59`,
    offered: "Waiting for acceptance",
    accepted: "Accepted",
    ended: "Ended",
    offer: (device) => `shares “${device}” with you`,
    summary: (email, hours) => `${email} may watch live: ${hours}.`,
    rights: "Live view",
    deviceClock: "By the device's clock",
    outsideHours: "Not at these hours",
    opens: "You may watch again:",
    lost: (device) => `“${device}” is no longer shared with you.`,
    wrongPassword: "This is not your current password.",
    endedByOthers: "Your session was ended from elsewhere",
    deviceGone: "this sign-in no longer opens it",
    unsupported: "This browser cannot play the stream",
    unsupportedHint: "Format: H.265. Try another browser, or set the camera to H.264.",
    substituted: "Small picture: this browser cannot play the main stream",
    skipped: /^\d+ frames? skipped$/,
    openUntil: "Open now, until",
    wrongCode: "The verification code is wrong.",
  },
  "ru-RU": {
    hours: (days) => `${shortDays("ru", days)} 10:00–17:59, 20:00–21:59`,
    offered: "Ожидает принятия",
    accepted: "Принят",
    ended: "Завершён",
    offer: (device) => `предлагает вам доступ к «${device}»`,
    summary: (email, hours) => `${email} сможет смотреть вживую: ${hours}.`,
    rights: "Эфир",
    deviceClock: "По часам устройства",
    outsideHours: "Сейчас не время просмотра",
    opens: "Просмотр снова откроется:",
    lost: (device) => `Доступа к «${device}» у вас больше нет.`,
    wrongPassword: "Это не ваш текущий пароль.",
    endedByOthers: "Сеанс завершён в другом месте",
    deviceGone: "этот вход больше не открывает устройство",
    unsupported: "Браузер не воспроизводит этот поток",
    unsupportedHint:
      "Формат: H.265. Попробуйте другой браузер или переключите камеру на H.264.",
    substituted: "Малое изображение: браузер не воспроизводит основной поток",
    skipped: /^Пропущено? \d+ кадр(а|ов)?$/,
    openUntil: "Открыт до",
    wrongCode: "Неверный код подтверждения.",
  },
};

/** "Mon–Fri" of days in a row. */
function shortDays(language, days) {
  const name = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
  // The first of January 2024 was a Monday.
  const of = (day) => name.format(Date.UTC(2024, 0, day));
  return `${of(days[0])}–${of(days.at(-1))}`;
}
