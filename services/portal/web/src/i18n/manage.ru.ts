import type { manage as english } from "./manage.en";
import { plurals } from "./plural";

const plural = plurals("ru");

/** Список устройств, действия с ними и импорт. */
export const manage = {
  list: {
    search: "Поиск по названию или облачному ID",
    status: "Связь",
    anyStatus: "Любая связь",
    relation: "Чьи",
    anyRelation: "Свои и чужие",
    own: "Только свои",
    shared: "Доступные мне",
    order: "Порядок",
    orders: {
      name: "По названию",
      status: "По связи",
      id: "По облачному ID",
      claimed: "По дате добавления",
    },
    descending: "В обратном порядке",
    cards: "Карточки",
    table: "Таблица",
    view: "Вид",
    refresh: "Обновить",
    refreshed: "Список обновлён.",
    import: "Импорт",
    name: "Название",
    actions: "Действия",
    nothing: "Таких устройств нет.",
    clear: "Сбросить фильтры",
    matches: (n: number) =>
      plural(n, {
        one: "Найдено # устройство",
        few: "Найдено # устройства",
        many: "Найдено # устройств",
        other: "Найдено # устройства",
      }),
  },
  pages: {
    label: "Страницы",
    size: "На странице",
    of: (range: string, total: number) => `${range} из ${total}`,
    previous: "Предыдущая страница",
    next: "Следующая страница",
    number: "Номер страницы",
    ofPages: (last: number) => `из ${last}`,
    go: "ОК",
  },
  open: "Открыть",
  rename: {
    action: "Переименовать",
    title: "Новое название",
    submit: "Переименовать",
    done: (name: string) => `Теперь устройство называется «${name}».`,
  },
  delete: {
    action: "Удалить",
    title: (name: string) => `Удалить «${name}»?`,
    intro: "Устройство уйдёт из вашей учётной записи. Сразу же:",
    views: "прервётся весь его просмотр, у вас и у других",
    shares: (n: number) =>
      plural(n, {
        one: "закроется # доступ к нему",
        few: "закроются # доступа к нему",
        many: "закроются # доступов к нему",
        other: "закроются # доступа к нему",
      }),
    free: "его сможет добавить любой, у кого есть код подтверждения",
    submit: "Удалить устройство",
    done: (name: string) => `«${name}» больше нет в вашей учётной записи.`,
  },
  archive: "Пишет видео",
  uplink: (has: string, needs: string) =>
    `Медленный канал связи: измерено ${has}, нужно ${needs}. Возможны рывки.`,
  uplinkShort: "Медленная связь",
  megabits: (number: string) => `${number} Мбит/с`,
  unbind: (date: string, reason: string) =>
    `Оператор исключит это устройство из вашей учётной записи: ${date}. Причина: ${reason}`,
  unbindShort: "Будет исключено из учётной записи",
  import: {
    title: "Импорт устройств",
    intro: "Добавьте много устройств одним файлом: до 500 штук, не больше 48 КиБ.",
    drop: "Перетащите сюда файл CSV или JSON",
    choose: "Выбрать файл",
    other: "Другой файл",
    columns:
      "В каждой строке облачный ID, название и либо код подтверждения, либо имя и пароль администратора устройства.",
    templateCsv: "Шаблон CSV",
    templateJson: "Шаблон JSON",
    found: (n: number) =>
      plural(n, {
        one: "В файле # устройство",
        few: "В файле # устройства",
        many: "В файле # устройств",
        other: "В файле # устройства",
      }),
    start: "Импортировать",
    stop: "Остановить",
    progress: (done: number, total: number) => `${done} из ${total}`,
    line: "Строка",
    result: "Результат",
    waiting: "Ожидает",
    added: "Добавлено",
    summary: (added: number, failed: number) => `Добавлено: ${added}, не добавлено: ${failed}`,
    retry: (n: number) =>
      plural(n, {
        one: "Повторить # неудачную строку",
        few: "Повторить # неудачные строки",
        many: "Повторить # неудачных строк",
        other: "Повторить # неудачной строки",
      }),
    stopped: "Импорт прерван. Всё, что добавлено, осталось.",
    toDevices: "К моим устройствам",
    problems: {
      tooLarge: "Файл больше 48 КиБ.",
      tooMany: "В файле больше 500 устройств.",
      empty: "В файле нет устройств.",
      json: "Этот файл JSON не похож на список устройств.",
      heading: (columns: string) => `Первая строка должна называть столбцы: ${columns}.`,
    },
  },
} satisfies typeof english;
