import { plurals } from "./plural";
import type { sharing as english } from "./sharing.en";

const plural = plurals("ru");

/** Предложения, доступ и его условия. */
export const sharing = {
  sections: {
    label: "Разделы",
    devices: "Устройства",
    received: "Доступные мне",
    given: "Я делюсь",
  },
  loading: "Загружаем список доступа",

  hours: {
    always: "В любое время",
    everyDay: "Ежедневно",
    allDay: "круглосуточно",
    nextDay: "(следующего дня)",
  },
  rights: { live: "Эфир", archive: "Архив", notifications: "Уведомления" },
  until: (day: string) => `По ${day}`,
  channels: (n: number, numbers: string) =>
    plural(n, { one: `Канал ${numbers}`, other: `Каналы ${numbers}` }),
  access: {
    open: "Сейчас открыт",
    openUntil: (moment: string) => `Открыт до ${moment}`,
    opens: (moment: string) => `Закрыт, откроется ${moment}`,
    closed: "Закрыт и больше не откроется",
    ended: "Завершён",
    yourTime: (moment: string) => `${moment} по вашему времени`,
    deviceTime: (zone: string) => `По часам устройства (${zone})`,
  },

  offer: {
    title: "Предложения",
    given: (owner: string, device: string) => `${owner} предлагает вам доступ к «${device}»`,
    widened: (owner: string, device: string) => `${owner} расширяет ваш доступ к «${device}»`,
    accept: "Принять",
    later: "Не сейчас",
    decline: "Отклонить",
    noted: "Понятно",
    accepted: (device: string) => `«${device}» теперь среди ваших устройств.`,
    declined: (device: string) => `Вы отклонили доступ к «${device}».`,
    laterHint: "Предложение ждёт в разделе «Доступные мне».",
    waiting: (n: number) =>
      plural(n, {
        one: "# новое предложение",
        few: "# новых предложения",
        many: "# новых предложений",
        other: "# новых предложения",
      }),
  },

  received: {
    title: "Доступные мне",
    mark: (owner: string) => `Общий доступ от ${owner}`,
    by: (owner: string) => `Владелец: ${owner}`,
    empty: "Пока никто не открыл вам доступ",
    emptyHint: "Сообщите владельцу свою почту. Его предложение сразу появится здесь.",
    yourEmail: (email: string) => `Ваш адрес: ${email}`,
    giveBack: "Отказаться",
    giveBackTitle: (device: string) => `Отказаться от доступа к «${device}»?`,
    giveBackText: (owner: string) =>
      `Устройство исчезнет из вашего списка, а открытый просмотр сразу прервётся. Вернуть доступ сможет только владелец (${owner}).`,
    givenBack: (device: string) => `Вы отказались от доступа к «${device}».`,
    lost: (device: string) => `Доступа к «${device}» у вас больше нет.`,
  },

  given: {
    title: "Устройства, которыми я делюсь",
    device: "Устройство",
    recipient: "Кому открыт",
    terms: "Часы и права",
    online: "Связь",
    state: "Состояние",
    actions: "Действия",
    allDevices: "Все устройства",
    showEnded: "Показать завершённые",
    empty: "Вы никому не открыли доступ",
    emptyHint: "Чтобы пустить кого-нибудь, откройте окно доступа у одного из своих устройств.",
    nothing: "Ничего не нашлось.",
    count: (n: number) =>
      plural(n, {
        one: "# доступ",
        few: "# доступа",
        many: "# доступов",
        other: "# доступа",
      }),
  },

  state: {
    offered: "Ожидает принятия",
    accepted: "Принят",
    declined: "Отклонён",
    ended: "Завершён",
  },

  share: {
    action: "Поделиться",
    title: (device: string) => `Доступ к «${device}»`,
    intro: "Вы решаете, что, когда и как долго видно, и можете закрыть доступ в любой момент.",
    people: "Кому открыт доступ",
    nobody: "Это устройство видите только вы.",
    with: "Поделиться с…",
    edit: "Изменить",
    editOf: (who: string) => `Изменить доступ: ${who}`,
    revoke: "Закрыть доступ",
    revokeOf: (who: string) => `Закрыть доступ: ${who}`,
    revokeTitle: (who: string) => `Закрыть доступ для ${who}?`,
    revokeText: "Доступ и всё, что открыто прямо сейчас, прервутся сразу.",
    withdrawText: "Предложение исчезнет. Доступа по нему ещё не было.",
    revoked: (who: string) => `Доступ для ${who} закрыт.`,
    email: "Электронная почта человека",
    emailHint: "Точно так, как он входит в Sightline.",
    find: "Найти",
    neutral:
      "Мы не сообщаем, у кого есть учётная запись. Предложение дождётся того, кто подтвердит этот адрес.",
    already: "Этому адресу доступ уже открыт. Здесь можно изменить условия.",
    other: "Другой адрес",
    offer: "Предложить",
    save: "Сохранить",
    offered: (who: string) => `Предложение ждёт ${who}.`,
    changed: (who: string) => `Изменено. Новые условия для ${who} уже действуют.`,
    conflict: "Условия тем временем изменились. Вот как они выглядят сейчас.",
    gone: "Этот доступ тем временем завершён.",
  },

  form: {
    rights: "Что можно",
    live: "Смотреть вживую, со звуком",
    archive: "Смотреть архив",
    archiveHint: "Включает просмотр вживую.",
    noStorage: "У этого устройства нет накопителя.",
    notifications: "Получать уведомления о событиях",
    when: "Когда",
    always: "В любое время",
    setHours: "В заданные часы",
    weekdays: "Дни недели",
    intervals: "Часы",
    from: (n: number) => `Интервал ${n}, с`,
    to: (n: number) => `Интервал ${n}, по`,
    add: "Добавить часы",
    remove: (n: number) => `Удалить интервал ${n}`,
    wholeDay: "Часы не заданы: весь день.",
    lastMinute: "Последняя минута включена: 17:59 означает до 17:59:59.",
    crosses: "Переходит через полночь на следующий день",
    zone: (zone: string, now: string) => `По часам устройства: ${zone}, сейчас там ${now}.`,
    end: "Завершится автоматически",
    lastDay: "Последний день",
    what: "Какие каналы",
    whole: "Всё устройство",
    some: "Некоторые каналы",
    problems: {
      right: "Выберите хотя бы одно право.",
      time: "Укажите время как 09:30, от 00:00 до 23:59.",
      weekday: "Выберите хотя бы один день недели.",
      lastDay: "Выберите сегодня или более поздний день.",
      channel: "Выберите хотя бы один канал.",
    },
    may: {
      live: "смотреть вживую",
      archive: "смотреть архив",
      notifications: "получать уведомления",
    },
    summary: (who: string, may: string) => `${who} сможет ${may}`,
  },
} satisfies typeof english;
