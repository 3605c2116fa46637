"""An opt-out in any reasonable wording is heard; an answer is an answer, whatever words are in it."""

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.define.load import load_library
from engine.hear.keywords import FOLDER, LONGEST, ORDERS, read
from engine.hear.numbers import rating
from engine.model.event import Command
from engine.model.keywords import HELP_WORDS, START_WORDS, STOP_WORDS
from engine.shipped import shipped

pytestmark = pytest.mark.storeless

STOPS = """
stop | Stop | STOP. | stop!!! | “Stop” | ¡stop! | s t o p | S.T.O.P. | STOP STOP STOP | ❤️ stop 🙏 | ＳＴＯＰ | Stop\n\n
stop please | Please stop | pls stop | ok stop | Hi, please stop, thanks | STOP NOW | just stop | stopall | Stop all
end | Quit | cancel | revoke | opt out | opt-out | OptOut | unsubscribe | Unsubscribe me | unsubcribe | remove
pls stop texting me | please stop texting me | Stop texting me! | stop texting | stop messaging us | stop emailing me
Could you please stop texting me? | can u stop messaging me | I need you to stop contacting me | stop sending me texts
stop sending me these messages | stop sending these | stop these texts | Stop your messages please | no more texts
No more messages, please. | don't text me | Don’t text me anymore | do not contact me again | Please do not message me
never text me again | don't send me any more messages | take me off your list | Remove me from this list please
take my number off your list | remove my number | delete my number | lose my number | leave me alone | Leave us alone!
I want to unsubscribe | I'd like to opt out please | I would like to stop receiving these messages
I don't want these texts anymore | I do not want to receive any more messages | we no longer want these messages
cancel my subscription | end my subscription | I revoke my consent | I withdraw my consent | wrong number
wrong number, please stop | Stop. Unsubscribe. | quit texting me | Quit sending me messages | cease texting me
stop texting this number | Please don't text this number again | get me off this list | opt me out of this
I asked you to stop texting me | stop sending messages | STOP 2 END | I didn't sign up for these texts
You have the wrong number | How do I unsubscribe? | how do i stop these texts
We broke up. Please stop texting me. | Please stop texting me. We broke up. | Hello!! unsubscribe me from this list
remove me | opting out | opt me out | we opt out | unsub | stop unsubscribe | "stop texting me"
parar | Pare por favor | para ya | BAJA | darme de baja | cancelar | dejen de escribirme | no me envíen más mensajes
No quiero recibir más mensajes, gracias | quiero darme de baja | borren mi número | número equivocado | no más mensajes
arrêt | ARRET | Arrêtez svp | désabonnez-moi | je ne veux plus recevoir vos messages | arrêtez de m'envoyer des messages
ne m'écrivez plus | supprimez mon numéro | laissez-moi tranquille | plus de messages svp | je veux me désabonner
stopp | Bitte abmelden | abbestellen | hört auf mir zu schreiben | Schreiben Sie mir nicht mehr | Keine Nachrichten mehr
schickt mir bitte keine Nachrichten mehr | Ich möchte mich abmelden | löscht meine Nummer | falsche Nummer
Ich will keine SMS mehr erhalten | kündigen | Lasst mich in Ruhe
pare de me mandar mensagens | não quero mais receber mensagens | me tire da lista | descadastrar | número errado
Não me mandem mais mensagens | cancele minha inscrição | chega de mensagens
annulla | disiscrivimi | smettetela di scrivermi | non voglio più ricevere messaggi | cancellate il mio numero
basta messaggi | numero sbagliato | non mi mandate più messaggi | lasciatemi in pace, grazie
afmelden | uitschrijven aub | stuur mij geen berichten meer | ik wil geen sms meer ontvangen | verkeerd nummer
schrijf me uit | stop met berichten sturen
"""
ANSWERS = """
We fight over chores. I didn't sign up for this! | stop, and listen to me
We stopped by the lake | I couldn't stop laughing | yes please | end of the day was nice | help me understand you
You never stop surprising me | The bus stop where we met | We stop for coffee every Sunday | Don't stop
I loved it when you stopped to listen | It ended with a hug | We had to cancel dinner but talked on the phone instead
I quit my job that week and you stood by me | He canceled the trip for me | The end of our trip to Lisbon | no
the best part was the end | stop and smell the roses | I start my mornings thinking of you | Yes!! we did
yes and you? | help with the dishes | I need help | your help | info about the trip | It helped | more texts from you
no more phones at dinner | I want more of these | text me when you get there | you text me good night, I love that
remove the clutter | I would remove the tv | leave the phone alone | Sometimes I want you to leave me to my thoughts
I told my mom about it | wrong turn in Rome | number one | all of it | out of milk lol | I opt for the blue one | Fine
on s'est arrêtés au parc | fin | Ende gut | halt | Halt geben | Salir a caminar | salir | Hulp | alto | la fin | einde
para siempre | para ti | para mim você é tudo | Mi basta stare con te | me basta contigo | J'ai pas arrêté de rire
Wir haben angehalten | ich höre nie auf dich zu lieben | Nunca dejes de reír | ti amo | te quiero | ja hoor | sí, mucho
Dejamos de pelear | non smettere mai | você me deixa em paz quando preciso | ne change rien | nos paramos a ver el mar
when you cancel plans I feel small | I feel we should end the day together | quit worrying | I'm not going to quit on us
No thanks | revoke the chore list haha | can't stop smiling | start of summer
Please text me more often | your messages make me smile | I like these prompts | I want to receive more love letters :)
We unsubscribed from cable and talk more now, it is lovely | stop by any time | my stop is next | pit stop kisses
I would tell him: stop working and come to bed | quit the gym | continue | 5 | 4! | 👍 | ❤️ | ... | 1
"""
DOUBTS = """
I never signed up for this | Do not disturb | I am no longer interested
I want this to stop | stop it | can we stop | Could you stop? | She said, stop texting me
He told me: “please stop texting me” | we keep saying stop | not interested | go away | is this spam
Unsubscribe from your bad mood | maybe opt out | I quit | basta | hou op | sair | arrêtez de vous inquiéter
My sister says stop texting me during dinner and I never listen to her about that
"""
STARTS = "start | Start! | UNSTOP | unstop. | reanudar | fortsetzen | opt in"
ANYTHING = "zzz we talked about it"
ORDERED = {
    Command.SMALLER: "SMALLER | smaller please | the smaller version | can you make it smaller? | pequeño | "
    "versión corta, gracias",
    Command.DONE: "done | Done! | DONE ✅ | we did it | We did it!! | all done, thanks | hecho | ¡Lo hicimos! | "
    "ya lo hicimos",
    Command.LATER: "LATER | later pls | remind me tomorrow | Not tonight, sorry | Could you ask me again tomorrow? | "
    "luego | Más tarde por favor | ahora no | mejor mañana",
    Command.PAUSE: "pause | Please pause | can you pause for a week | PAUSA | pausar por favor",
    Command.RESUME: "resume | unpause | reanuda",
    Command.MENU: "menu | MENU | Menú | options | opciones | my page",
    Command.SHARE: "share | Share it! | you can share that | compartir | compártelo",
    Command.PRIVATE: "private | keep it private please | don't share | Don’t share this | privado | no lo compartas",
}
WORDS = """
done with the dishes, finally | we are done fighting about it | I'm done | later we talked | later that night he called
we did it in the rain | maybe | tomorrow | mañana | pronto | ready | listo | private jokes | our private walk
share more | I'd share everything
settings of the lamp | smaller arguments | small | the smaller things | pause and breathe
we paused | let's resume dating | what's on the menu tonight | continue | easier | nothing | después de cenar
luego hablamos
"""
AGREEMENTS = "yes | YES | Yes. | Sí | sí! | oui | Ja | sim"
HELPS = "help | HELP | Help! | info | INFO? | ayuda | aide | hilfe | aiuto | ajuda"


def phrases(table: str) -> list[str]:
    return [phrase.strip(" ") for line in table.strip().splitlines() for phrase in line.split(" | ") if phrase]


@pytest.mark.parametrize("text", phrases(STOPS))
def test_an_opt_out_in_any_reasonable_wording_is_one(text: str) -> None:
    assert read(text).command is Command.STOP


@pytest.mark.parametrize("text", phrases(ANSWERS))
def test_an_answer_with_such_a_word_in_it_is_an_answer_and_nobodys_business(text: str) -> None:
    reading = read(text)
    assert (reading.command, reading.doubtful) == (None, False)


@pytest.mark.parametrize("text", phrases(DOUBTS))
def test_what_only_may_be_an_opt_out_is_an_answer_and_doubtful(text: str) -> None:
    reading = read(text)
    assert (reading.command, reading.doubtful) == (None, True)


def test_start_and_help_are_single_words_and_nothing_more() -> None:
    assert {read(text).command for text in phrases(STARTS)} == {Command.START}
    assert {read(text).command for text in phrases(HELPS)} == {Command.HELP}
    assert not [text for text in phrases(STARTS) if read(text).if_stopped]
    for text in (*phrases(STARTS), *phrases(HELPS)):
        assert read(f"{text} it together with me").command is None


@pytest.mark.parametrize("command", ORDERS)
def test_an_order_about_the_latest_question_is_the_whole_message(command: Command) -> None:
    readings = [read(text) for text in phrases(ORDERED[command])]
    assert {(reading.command, reading.doubtful) for reading in readings} == {(command, False)}


@pytest.mark.parametrize("text", phrases(WORDS))
def test_what_somebody_may_well_answer_orders_nothing(text: str) -> None:
    assert read(text).command is None


def test_every_order_has_its_words_and_none_takes_a_carriers() -> None:
    assert set(ORDERED) == set(ORDERS) == set(Command) - {Command.STOP, Command.START, Command.HELP}


def test_yes_orders_start_only_from_who_had_stopped() -> None:
    assert {(read(text).command, read(text).if_stopped) for text in phrases(AGREEMENTS)} == {(Command.START, True)}


def test_every_carrier_word_is_understood_as_the_carrier_understands_it() -> None:
    for words, command in ((STOP_WORDS, Command.STOP), (START_WORDS, Command.START), (HELP_WORDS, Command.HELP)):
        for word in words:
            assert {read(word).command, read(word.lower()).command, read(f" {word}. ").command} == {command}


def library_texts() -> Iterator[str]:
    for strategy in load_library([shipped("campaigns")]).activities.values():
        for words in strategy.texts.values():
            for text in (words.title, words.email, words.sms, words.question):
                yield from (text or "").replace("\n", ". ").split(". ")


def test_no_sentence_of_the_whole_library_is_taken_for_an_order() -> None:
    texts = {text.strip() for text in library_texts() if text.strip()}
    assert len(texts) > 500
    readings = {text: read(text) for text in texts}
    # Not answers, but words between two sentences: nobody would text them.
    assert {text for text, read_as in readings.items() if read_as.command is not None} <= {
        "Si", "Después:", "«Después».", "después", "después»."
    }  # fmt: skip
    assert {text for text in texts if read(text).doubtful} <= {"Then stop", "Stop what your hands are doing"}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_every_phrase_of_every_language_is_read_as_its_list_says(file: object) -> None:
    table = tomllib.loads(file.read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    known = {
        "stop", "start", "agree", "help", "polite", "asking", "clause", "whole", "maybe", "innocent", "telling",
        "numbers", "rating", *(command.value for command in ORDERS),
    }  # fmt: skip
    assert set(table) <= known
    for name in ("clause", "whole"):
        for phrase in table[name]:
            shortest = " ".join(word.split("/")[0] for word in phrase.split() if not word.endswith("?"))
            longest = " ".join(word.removesuffix("?").split("/")[-1] for word in phrase.split())
            assert read(shortest).command is Command.STOP, shortest
            assert read(longest).command is Command.STOP, longest
    for phrase in table["stop"]:
        assert read(phrase).command is Command.STOP, phrase
    for command in ORDERS:
        assert table[command.value], command
        for phrase in table[command.value]:
            assert read(phrase).command is command, phrase
            assert read(f"{phrase.upper()}!").command is command, phrase
            assert read(f"{phrase} {ANYTHING}").command is None, phrase
    assert len(table["numbers"]) == 5
    for value, forms in enumerate(table["numbers"], 1):
        for form in forms.split("/"):
            assert rating(form) == value, form
            assert read(form).command is None, form
    for phrase in table["rating"]:
        assert rating(f"{phrase} 4") == 4, phrase


NOISE = st.text(alphabet=" .!?,…\n\t❤️🙏", max_size=6)


@given(st.sampled_from(phrases(STOPS)), NOISE, NOISE, st.sampled_from([str.upper, str.lower, str.title]))
def test_case_punctuation_and_emoji_around_it_make_no_difference(
    text: str, before: str, after: str, case: object
) -> None:
    assert read(before + case(text) + after).command is Command.STOP  # type: ignore[operator]


@given(st.sampled_from(sorted(STOP_WORDS | {"stop", "remove", "parar", "stopp"})), st.sampled_from(phrases(ANSWERS)))
def test_a_word_inside_an_answer_is_never_an_order(word: str, answer: str) -> None:
    words = answer.split()
    if len(words) > 3:
        assert read(" ".join([words[0], word, *words[1:]])).command is None


@given(st.text(max_size=300))
def test_nothing_that_can_be_typed_fails(text: str) -> None:
    read(text)


def test_a_text_of_any_length_is_read_in_bounded_time() -> None:
    for text in ("please " * 400 + "x", "thank you " * 400 + "x", "stop " * 300 + "x", "a, " * 900, "'" * 3000):
        assert read(text).command is None
    assert read("x" * LONGEST + " stop").command is None
