"""Pairs of headlines, written for Parley: of one happening, or of two that must stay apart."""

from typing import NamedTuple

from bot.model import EventType as T


class Line(NamedTuple):
    title: str
    language: str
    type: T
    conflict: str = "ukraine-russia"


SAME = [
    (
        Line("Russia and Ukraine agree 30-day ceasefire in Istanbul", "en", T.CEASEFIRE_AGREED),
        Line("Moscow and Kyiv agree to a 30-day truce at Istanbul talks", "en", T.CEASEFIRE_AGREED),
    ),
    (
        Line("Russia and Ukraine agree 30-day ceasefire in Istanbul", "en", T.CEASEFIRE_AGREED),
        Line("Росія та Україна домовилися в Стамбулі про 30-денне перемир'я", "uk", T.CEASEFIRE_AGREED),
    ),
    (
        Line("Росія та Україна домовилися в Стамбулі про 30-денне перемир'я", "uk", T.CEASEFIRE_AGREED),
        Line("Россия и Украина договорились в Стамбуле о тридцатидневном перемирии", "ru", T.CEASEFIRE_AGREED),
    ),
    (
        Line("Putin offers direct talks with Ukraine in Istanbul on 15 May", "en", T.TALKS_PROPOSED),
        Line("Путін запропонував прямі переговори з Україною у Стамбулі 15 травня", "uk", T.TALKS_PROPOSED),
    ),
    (
        Line("Putin offers direct talks with Ukraine in Istanbul on 15 May", "en", T.TALKS_PROPOSED),
        Line("Путин предложил Украине прямые переговоры в Стамбуле 15 мая", "ru", T.TALKS_PROPOSED),
    ),
    (
        Line("Russia and Ukraine swap 307 prisoners each", "en", T.EXCHANGE_PRISONERS),
        Line("Україна і Росія обміняли 307 на 307 полонених", "uk", T.EXCHANGE_PRISONERS),
    ),
    (
        Line("Ukraine and Russia hold 1,000-for-1,000 prisoner swap", "en", T.EXCHANGE_PRISONERS),
        Line("Россия и Украина провели обмен пленными 1000 на 1000", "ru", T.EXCHANGE_PRISONERS),
    ),
    (
        Line("Kremlin rejects Kyiv's call for a 30-day truce", "en", T.CEASEFIRE_REJECTED),
        Line("Кремль отверг призыв Киева к перемирию на 30 дней", "ru", T.CEASEFIRE_REJECTED),
    ),
    (
        Line("Israel and Hamas agree to four-day truce, Qatar says", "en", T.CEASEFIRE_AGREED, "gaza"),
        Line(
            "Израиль и ХАМАС согласились на четырехдневное перемирие, сообщил Катар", "ru", T.CEASEFIRE_AGREED, "gaza"
        ),
    ),
    (
        Line("Hamas frees 24 hostages on first day of truce", "en", T.EXCHANGE_PRISONERS, "gaza"),
        Line("ХАМАС звільнив 24 заручників у перший день перемир'я", "uk", T.EXCHANGE_PRISONERS, "gaza"),
    ),
    (
        Line("Hamas frees 24 hostages on first day of truce", "en", T.EXCHANGE_PRISONERS, "gaza"),
        Line("Hamas releases 24 captives as truce takes hold", "en", T.EXCHANGE_PRISONERS, "gaza"),
    ),
    (
        Line("Pope urges immediate ceasefire in Gaza", "en", T.STATEMENT, "gaza"),
        Line("Папа Римський закликав до негайного припинення вогню в Газі", "uk", T.STATEMENT, "gaza"),
    ),
    (
        Line("India and Pakistan agree to full ceasefire, Trump says", "en", T.CEASEFIRE_AGREED, "india-pakistan"),
        Line(
            "Индия и Пакистан договорились о полном прекращении огня — Трамп",
            "ru",
            T.CEASEFIRE_AGREED,
            "india-pakistan",
        ),
    ),
    (
        Line("Syria announces ceasefire with Kurdish fighters in Aleppo", "en", T.CEASEFIRE_AGREED, "syria-sdf"),
        Line("Damascus declares truce in Aleppo after clashes with Kurds", "en", T.CEASEFIRE_AGREED, "syria-sdf"),
    ),
    (
        Line("Ukraine accuses Russia of 734 violations of truce", "en", T.CEASEFIRE_VIOLATED),
        Line("Україна звинуватила Росію у 734 порушеннях перемир'я", "uk", T.CEASEFIRE_VIOLATED),
    ),
    (
        Line("Zelensky will wait for Putin in Turkey on Thursday", "en", T.TALKS_SCHEDULED),
        Line("Зеленський чекатиме на Путіна в Туреччині у четвер", "uk", T.TALKS_SCHEDULED),
    ),
    (
        Line("Зеленський чекатиме на Путіна в Туреччині у четвер", "uk", T.TALKS_SCHEDULED),
        Line("Зеленский будет ждать Путина в Турции в четверг", "ru", T.TALKS_SCHEDULED),
    ),
    (
        Line("Talks between Congo and M23 rebels collapse in Doha", "en", T.TALKS_STALLED, "drc-m23"),
        Line("DR Congo, M23 fail to reach deal at Doha talks", "en", T.TALKS_STALLED, "drc-m23"),
    ),
]

DIFFERENT = [
    (
        Line("Russia and Ukraine agree 30-day ceasefire", "en", T.CEASEFIRE_AGREED),
        Line("Russia and Ukraine agree three-day ceasefire", "en", T.CEASEFIRE_AGREED),
    ),
    (
        Line("Russia and Ukraine agree 30-day ceasefire", "en", T.CEASEFIRE_AGREED),
        Line("Росія та Україна домовилися про триденне перемир'я", "uk", T.CEASEFIRE_AGREED),
    ),
    (
        Line("Ukraine and Russia hold 1,000-for-1,000 prisoner swap", "en", T.EXCHANGE_PRISONERS),
        Line("Ukraine and Russia hold 390-for-390 prisoner swap", "en", T.EXCHANGE_PRISONERS),
    ),
    (
        Line("Россия и Украина провели обмен пленными 1000 на 1000", "ru", T.EXCHANGE_PRISONERS),
        Line("Україна і Росія обміняли 307 на 307 полонених", "uk", T.EXCHANGE_PRISONERS),
    ),
    (
        Line("Israel and Hamas agree ceasefire", "en", T.CEASEFIRE_AGREED, "gaza"),
        Line("Israel and Hezbollah agree ceasefire", "en", T.CEASEFIRE_AGREED, "israel-hezbollah"),
    ),
    (
        Line("US and Russia hold talks in Riyadh", "en", T.TALKS_HELD),
        Line("US and Ukraine hold talks in Riyadh", "en", T.TALKS_HELD),
    ),
    (
        Line("США и Россия провели переговоры в Эр-Рияде", "ru", T.TALKS_HELD),
        Line("Ukraine and US hold talks in Riyadh", "en", T.TALKS_HELD),
    ),
    (
        Line("Russia-Ukraine talks set for Thursday in Istanbul", "en", T.TALKS_SCHEDULED),
        Line("Russia-Ukraine talks held in Istanbul on Thursday", "en", T.TALKS_HELD),
    ),
    (
        Line("Russia-Ukraine talks set for Thursday in Istanbul", "en", T.TALKS_SCHEDULED),
        Line("Переговоры России и Украины в Стамбуле назначены на понедельник", "ru", T.TALKS_SCHEDULED),
    ),
    (
        Line("Second round of Russia-Ukraine talks ends in Istanbul", "en", T.TALKS_HELD),
        Line("Third round of Russia-Ukraine talks ends in Istanbul", "en", T.TALKS_HELD),
    ),
    (
        Line("Second round of Russia-Ukraine talks ends in Istanbul", "en", T.TALKS_HELD),
        Line("Третій раунд переговорів України та Росії завершився у Стамбулі", "uk", T.TALKS_HELD),
    ),
    (
        Line("Kyiv proposes 30-day truce", "en", T.CEASEFIRE_PROPOSED),
        Line("Кремль отверг перемирие на 30 дней", "ru", T.CEASEFIRE_REJECTED),
    ),
    (
        Line("Israel and Hamas agree to four-day truce", "en", T.CEASEFIRE_AGREED, "gaza"),
        Line("Four-day truce between Israel and Hamas begins", "en", T.CEASEFIRE_IN_EFFECT, "gaza"),
    ),
    (
        Line("Italy welcomes Gaza truce deal", "en", T.STATEMENT, "gaza"),
        Line("Japan welcomes Gaza truce deal", "en", T.STATEMENT, "gaza"),
    ),
    (
        Line("Pope urges immediate ceasefire in Gaza", "en", T.STATEMENT, "gaza"),
        Line("Macron calls for lasting peace in Gaza", "en", T.STATEMENT, "gaza"),
    ),
    (
        Line("India and Pakistan agree to full ceasefire", "en", T.CEASEFIRE_AGREED, "india-pakistan"),
        Line("Таїланд і Камбоджа домовилися про припинення вогню", "uk", T.CEASEFIRE_AGREED, "thailand-cambodia"),
    ),
    (
        Line("Ukraine accuses Russia of 734 violations of truce", "en", T.CEASEFIRE_VIOLATED),
        Line("Россия насчитала 488 нарушений перемирия Украиной", "ru", T.CEASEFIRE_VIOLATED),
    ),
    (
        Line("UK lawmakers will vote on sending troops to Ukraine", "en", T.AGREEMENT_TERMS),
        Line("Allies draft security guarantees for Ukraine in Paris", "en", T.AGREEMENT_TERMS),
    ),
    (
        Line("Hamas frees first group of hostages", "en", T.EXCHANGE_PRISONERS, "gaza"),
        Line("Hamas frees second group of hostages", "en", T.EXCHANGE_PRISONERS, "gaza"),
    ),
    (
        Line("Putin offers talks in Istanbul on 15 May", "en", T.TALKS_PROPOSED),
        Line("Putin offers talks in Istanbul on 2 June", "en", T.TALKS_PROPOSED),
    ),
]
