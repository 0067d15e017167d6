import type { account as english } from "./account.en";
import { plurals } from "./plural";

const plural = plurals("ru");

export const account = {
  signIn: {
    title: "Вход",
    ways: "Способ входа",
    byUser: "По пользователю",
    byDevice: "По устройству",
    submit: "Войти",
    rememberMe: "Запомнить меня",
    forgotPassword: "Забыли пароль?",
    noAccount: "Впервые здесь?",
    register: "Создать учётную запись",
    endedByAge: "Вас давно не было, поэтому сеанс завершён. Войдите, чтобы продолжить.",
    endedByOthers:
      "Сеанс завершён в другом месте: там нажали «Выйти» или сменили пароль. Войдите, чтобы продолжить.",
    notMe: "Это были не вы? Смените пароль",
    toClaim: (id: string) => `Войдите, чтобы добавить устройство ${id} в свою учётную запись.`,
    byDeviceIntro:
      "Открывает только одно устройство: по имени пользователя и паролю самого устройства. Учётная запись не нужна.",
    deviceUser: "Имя пользователя на устройстве",
    devicePassword: "Пароль на устройстве",
    deviceRefused:
      "Устройство не впустило вас. Проверьте облачный ID, имя и пароль, а также подключено ли устройство.",
    openDevice: "Открыть устройство",
  },

  mailedCode: {
    get: "Получить код",
    validFor: (minutes: number, until: string) =>
      plural(minutes, {
        one: `Он действует # минуту, до ${until}.`,
        few: `Он действует # минуты, до ${until}.`,
        many: `Он действует # минут, до ${until}.`,
        other: `Он действует # минуты, до ${until}.`,
      }),
    changeEmail: "Изменить почту",
    code: "Код из письма",
    resend: "Отправить ещё раз",
    resendIn: (seconds: number) => plural(seconds, { other: "Отправить ещё раз через # с" }),
  },

  newPassword: {
    label: "Новый пароль",
    repeat: "Повторите пароль",
    differs: "Пароли не совпадают.",
    rules: {
      title: "Пароль",
      length: "не короче 8 символов",
      alphabet: "только английские буквы, цифры и специальные символы, без пробелов",
      mixed: "не только буквы и не только цифры",
    },
  },

  register: {
    title: "Новая учётная запись",
    intro: "На этот адрес придёт код: так мы убедимся, что он ваш.",
    sent: (email: string) => `Код отправлен на ${email}.`,
    submit: "Создать",
    haveAccount: "Уже есть учётная запись?",
  },

  forgotPassword: {
    title: "Забытый пароль",
    intro: "На почту вашей учётной записи придёт код. С ним вы зададите новый пароль.",
    sent: (email: string) => `Если у ${email} есть учётная запись, код уже отправлен.`,
    submit: "Задать новый пароль",
    remembered: "Вспомнили пароль?",
    done: "Пароль изменён",
    doneHint: "Все сеансы этой учётной записи завершены. Войдите с новым паролем.",
  },

  account: {
    menu: "Учётная запись",
    profile: "Профиль",
    signOut: "Выйти",
    deviceUser: (user: string, device: string) => `${user} на устройстве ${device}`,
    deviceGone:
      "Владелец устройства сменился или удалил его, поэтому этот вход больше не открывает устройство.",
  },

  profile: {
    title: "Профиль",
    since: (day: string) => `Учётная запись создана ${day}`,
    password: "Смена пароля",
    passwordHint: "После смены пароля все остальные сеансы завершатся.",
    current: "Текущий пароль",
    change: "Сменить пароль",
    changed: "Пароль изменён. Все остальные сеансы завершены.",
    wrongCurrent: "Это не ваш текущий пароль.",
    sessions: "Где выполнен вход",
    sessionsHint: "Если место вам незнакомо, завершите этот сеанс и смените пароль.",
    loading: "Загружаем сеансы",
    here: "Этот браузер",
    unknownProgram: "Неизвестная программа",
    agent: (program: string, system: string) => `${program}, ${system}`,
    lastUsed: (ago: string) => `активность ${ago}`,
    begun: (day: string) => `вход ${day}`,
    end: "Завершить",
    endOthers: "Завершить все остальные",
    nowhereElse: "Больше вход нигде не выполнен.",
    ended: (n: number) =>
      plural(n, {
        one: "Завершён # сеанс.",
        few: "Завершено # сеанса.",
        many: "Завершено # сеансов.",
        other: "Завершено # сеанса.",
      }),
    retry: "Повторить",
  },
} satisfies typeof english;
