"""The English words of aspects: own writing. Plurals in -s are found by their singular."""

from __future__ import annotations

from .polar_en import NEGATIVE, POSITIVE

__all__ = [
    "CONTRASTS",
    "DEVICES",
    "ELSEWHERE",
    "NEGATIONS",
    "NEGATIVE",
    "NOT_BAD",
    "NOUNS",
    "NO_NEGATIONS",
    "OPEN_NEGATIVE",
    "OPEN_POSITIVE",
    "POSITIVE",
    "WORKS",
]

# Name an aspect; what is said of it stands beside it. One line per aspect, phrases by commas.
NOUNS = """
performance: pic, lcd, lcd screen, printout, scan, scanning, copies, functionality, capability
performance: viewfinder, macro, paper tray, paper handling, text quality, sound, sound quality
performance: picture quality, image quality, photo quality, print quality, image, photo, reception
performance: signal, performance, speed, screen, display, volume, clarity, resolution, feature
performance: function, camera, lens, zoom, flash, ringtone, ringer, speaker, speakerphone, voice
performance: software, firmware, radio, mp3, storage, memory, capacity, output, suction, audio
performance: video, printing, print, shot, call clarity, connection, exposure, graphics, color
performance: ring tone, mode, autofocus, optics, calendar, organizer, keyboard, processor, setting
performance: call, bluetooth, infrared, games, bass, playback, option, noise, call quality
performance: pic quality, voice quality, video quality, audio quality, music quality
performance: listening quality, scan quality, camera quality, color quality, screen quality
performance: quality of print, quality of the print, quality of the picture, quality of the sound
performance: quality of the image, output quality, reception quality, playback quality, picture
performance: manual focus, manual control, manual mode, view finder, focus, focusing, shutter
performance: connectivity, range, compatibility, response time, noise reduction, noise canceling
performance: noise cancellation, bass response, treble, microphone, mic, touchscreen, touch screen
performance: caller id, alarm, timer, antenna, shutter lag, low light performance, driver, app
performance: cutting ability, heat distribution, cooling, heating, filter, blade, motor, brightness
performance: contrast, tracking, scrolling, navigation system, voice recognition, speaker phone
battery: batteries, battery, battery life, charge, talk time, standby time, recharging
battery: charging time, charge time, power consumption, battery power, standby
fit: footprint, ergonomics, size, fit, weight, comfort, portability, dimensions, sizing, length
fit: width, thickness, sleeves, waist, ear buds fit, grip, padding
quality: quality, construction, build, material, workmanship, durability, casing, craftsmanship
quality: craftmanship, build quality, stitching, fabric, zipper, hinge, handle, plastic, seam
quality: reliability, sturdiness, paint, coating, non stick coating, print job, binding
price: price, cost, value, pricing, price tag, price point, shipping cost
delivery: delivery, shipping, shipment, delivery time, shipping time, arrival
service: customer service, tech support, technical support, support, customer support, seller
service: warranty, staff, refund, return policy, consumer support, phone support, customer care
service: return process, vendor, this company, their service, the service, service department
service: refund policy, guarantee
packaging: packaging, box, wrapping, package, packing, bubble wrap, carton
taste: taste, smell, flavor, flavour, odor, odour, aroma, scent, texture, aftertaste, after taste
taste: freshness, fragrance, flavors, sweetness
looks: design, look, appearance, styling, style, color scheme, pattern, finish, colour, looks
looks: aesthetics, color combination
ease: interface, user interface, ease of use, installation, setup, set up, menu, instructions
ease: manual, control, button, navigation, assembly, usability, learning curve, clean up, cleanup
ease: controls, button layout, directions, set-up, quick start guide, user manual
ease: instruction manual, documentation
content: story, plot, acting, writing, character, book, movie, film, novel, ending, script, music
content: author, album, soundtrack, documentary, comedy, season, song, illustration, storyline
content: story line, dialogue, dialog, performances, direction, plot line, prose, narrative
content: screenplay, lyrics, vocals, recipes, photography, characterization, narration
content: cinematography, special effects, humor, information, chapter, tracks, the cast, cast and
content: whole cast, supporting cast
"""

# Opinions whose aspect is the nearest noun's; without one, the aspect named (or none: "-").
OPEN_POSITIVE = """
-: good, great, excellent, nice, love, loved, amazing, awesome, fantastic, perfect, wonderful
-: superb, impressive, impressed, outstanding, terrific, decent, enjoy, enjoyed, incredible, fine
-: anything to brag about, pleased, satisfied, brilliant, fabulous, super, exceptional, plus
-: superior, cool, unmatched, beyond, adequate, strong, improved, unbelievable, stunning, natural
-: beautifully, loves, favorite, ok, okay, reasonable, fair, flawless, flawlessly, rich, plenty
-: prompt, variety, varied, classic, phenomenal, first rate, exceptionally, easy to read, low noise
-: helpful, pretty good, pretty well, pretty cool, pretty nice, pretty decent, pretty darn good
-: better than, just right, marvelous, magnificent, spectacular, splendid, remarkable, impeccable
-: crazy about, thrilled, delighted, top of the line, second to none, could not ask for more
-: big improvement, a joy, solid performer, very well, really well, so well, extremely well
-: incredibly, i like, really like, like the, love the, likes the, very happy with, happy with
-: so happy with, the best, best part
performance: fast, quick, quickly
battery: lasts long, long lasting
fit: small
"""
OPEN_NEGATIVE = """
-: bad, terrible, horrible, awful, poor, worst, hate, hated, disappointing, disappointed
-: disappointment, sucks, crap, garbage, mediocre, problem, trouble, complaint, lousy, lacking, lack
-: lacks, worse, unacceptable, unfortunately, fails, fail, issue, ridiculous, inferior, substandard
-: minus, wonky, nonexistent, unimpressive, unresolved, worthless, nothing to brag, drawback, poorly
-: badly, only complaint, beware, joke, annoys, lower then, lower than, shorter than
-: not anything to, negative, nightmare, pathetic, lame, odd, missing, skimped, so so, frustrating
-: annoying, annoyance, too few, dreadful, atrocious, abysmal, below average, subpar, sub par
-: weakest, dissatisfied, unsatisfactory, unhappy, not impressed, not happy, not great, not good
-: not the best, not very good, downside, flaw, flawed, wish they, wish it had, leaves a lot
-: leaves much, left a lot, nothing special, shame, regret, biggest complaint, one complaint
-: not up to par, needs improvement, not satisfied, rather low, too low, low volume, very poor
-: miserable, useless, ruined, not crazy about, unfortunate, stinks, stupid
performance: takes forever
price: high cost
"""

NEGATIONS = """
not, no, never, don't, doesn't, didn't, isn't, wasn't, aren't, weren't, can't, cannot, won't
without, couldn't, wouldn't, hardly, nor, neither, none, nothing, haven't, hasn't, dont, doesnt
didnt, isnt, cant, could be, could be more, could have been, should be, should have been
wish it was, wish it were, wish they were, not as, less, not so, far from, anything but, not very
not really, wouldnt, couldnt, wont, wasnt, not the most, not all that
"""
# Beside a negation, these turn nothing round.
NO_NEGATIONS = """
not only, no doubt, no wonder, nothing but, not to mention, can't wait, not just, big deal
big a deal, that big, great deal of, pretty much, used to, well as, hope, would like, looks like
look like, feel like, felt like, like this, like that, like a, sounds like, sound like, seems like
something like, anything like, read the, the price of, size of, no matter, not sure, as good as
good luck, good idea, would be nice, fine print, difficult to locate, difficult to find
hard to find, easy to find, slow motion, high school, hard drive, hard disk, no matter what
price range, kind of, like to, like it was, just like, would like to, as a gift, christmas gift
smart phone, quite a bit, a few, out of the box, right out of the box, box office, stuck with
works out of, fine mode, right angled, sharp edge, clear plastic, clear top, clear glass, clear see
heavy use, heavy cream, heavy graphics, heavy traffic, all my other, small appliances
small appliance, small base, hard to believe, hard not to, hard to beat, hard to imagine
hard to tell, hard to say, hard to go wrong, hard cover, hard case, hard drives, hard disks
hard plastic, hard wood, hard work, hard floor, hard copy, work hard, low light, low end, low heat
low fat, pretty darn, pretty easy to see, never used a more, never had a more, never seen a more
well known, best of all, good thing, good news, good reason, good bit, good amount, good while
good part, great reviews, good reviews, bad reviews, nice addition, like new, like most, like many
like other, like others, like everyone, like these, like my, i'd like, fresh water, fresh start
easily the best, light bulb, light switch, low setting, dead center, in addition, used for
book light, movie night, book shelf, book case, book club, phone book, address book, note book
best seller, best sellers, price of admission, cover price, no more, sound like a, no longer
dry cleaning, dry clean, dry erase, dry hair, dry skin, soft drink, soft ware, rough idea
split second, call customer, called customer service, calling customer, crack open, easily enough
easily broken, like the one, like the old, like the other, like the rest, like the previous
color blind, spare battery, spare batteries, extra batteries, aa batteries, aaa batteries, good hour
great amount, happy customer, similar functions, trash bags, trash can, loose tea, kitchen trash
full manual, for the size, cd music, music file, not limited to, scratched up, all scratched up
play music, music player, music collection, music library, music videos, good discussion
other works, these works, drop dead, go wrong with, sometimes like, seem like, like new condition
small as a gift, worked with, work with, works with the, easy on the eyes of, good luck with
"""
NOT_BAD = """
no problem, no problems, no complaints, no complaint, not bad, can't complain, no issues
not a problem, can't go wrong, never had any problems, never had a problem, couldn't be happier
never disappointed, not disappointed, nothing wrong, cannot beat, can't beat, could not be better
couldn't be better, no trouble, not one blurry
"""
CONTRASTS = """
but, however, although, though, except, yet, while, whereas, otherwise, unfortunately
"""
# In a review with one of these, speed is performance: in English it always is.
DEVICES = ""
# A clause with one of these speaks of other things, or of what others say.
ELSEWHERE = """
if, review, reviewer, looking for, to replace, hoping, instead of, other people, my old, my previous
used to have, i wanted, i needed, unlike, i thought, expected, i read, back when, in the past
before this
"""
# In a review with one of these words, what is well or badly done is content.
WORKS = "book,movie,film,novel,episode,cd album,soundtrack"
