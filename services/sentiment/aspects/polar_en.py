"""English words that are an opinion of one aspect: own writing. Plurals in -s as in lexicon_en."""

from __future__ import annotations

# Opinions that are of one aspect, whatever they stand beside.
POSITIVE = """
performance: versatility, flexible, flexibility, vivid, smooth, speedy, adjustable, expandable
performance: very responsive, keeps time, accurate color, smudge resistant, fast drying
performance: heats up quickly, heats quickly, perfectly cooked, takes great pictures
performance: takes good pictures, works, sucessfully, works great, works well, work great, work well
performance: works perfectly, works fine, worked great, worked well, works like a charm, clear
performance: crisp, powerful, accurate, sharp, quiet, versatile, loud and clear, works flawlessly
performance: worked perfectly, works as advertised, feature rich, sounds great, sounds good
performance: sounded great, no distortion, works wonderfully, functional, cooks evenly
performance: works beautifully, efficient, does the job, it works, very useful, save my, saves me
performance: keeps my, keeps your, trouble free, works with, performs well, does its job, evenly
performance: saves time, save time, works just fine, does a great job, does a good job
performance: loads of features, works as promised, works super, very bright, bright enough
performance: bright screen, bright display, bright and clear, so bright, nice and bright
performance: super bright, brighter, responsive, working great, working perfectly, working fine
performance: working well, works everytime, works every time, work every time, works wonders
performance: performed perfectly, performs great, performed well, performs perfectly, heats evenly
performance: cooks fast, boils quickly, precise, heats fast, keeps food, keeps coffee, keeps things
performance: stays hot, stays cold, keeps hot, keeps cold, keeps drinks, stays cool, cuts well
performance: cuts great, cuts through, cuts like, cuts easily, holds an edge, keeps an edge
performance: stays sharp, razor sharp, very sharp, automatically shuts off, shuts off automatically
performance: automatic shut off, auto shut off, lives up to, lived up to, does what it
performance: does exactly what, did the trick, does the trick, saves a lot of time, great sound
performance: great picture, great reception, multi functional, large capacity, big capacity
performance: loud enough, plenty loud, no static, no lag, no glitches, toasts evenly, bakes evenly
performance: browns evenly, mixes well, blends well, grinds well, absorbent, absorbs well
performance: waterproof, water resistant, does not stick, doesn't stick, nothing sticks
performance: hasn't failed, effective, multipurpose, multi purpose, crystal clear, clearer
performance: never crashes, never freezes, never drops, picks up, super fast, faster, fast enough
performance: very fast, blazing fast, lightning fast, very quick, high resolution, protects my
performance: protects the, protects it, keeps me, picks up well, plays everything, multi tasking
performance: gets the job done, pleasure to use, joy to use, non stick works, no buzz
quality: dependable, reliability, built like a tank, built well, solid construction, well made
quality: well built, sturdy, durable, solid, rugged, reliable, high quality, top quality
quality: last forever, well constructed, good quality, great quality, excellent quality
quality: solidly built, still works, still working, still going strong, heavy duty, well crafted
quality: well designed, well put together, held up well, holding up well, holds up, held up
quality: hold up well, has held up, held together, last a long time, last for years, lasts for years
quality: lasted for years, last a lifetime, lasted years, still like new, like new, looks new
quality: feels solid, feels sturdy, sturdily built, sturdier, indestructible, built to last
quality: high end feel, top notch, quality product, quality item, quality piece, quality made
quality: won't break, doesn't break, don't break, hasn't broken, nice quality, never breaks
quality: never broke, stood the test, still in great shape, beautifully made, nicely made
quality: superior quality, finest quality, best quality, fine quality, great shape, didn't scratch
quality: scratch resistant, dishwasher safe, no rust, doesn't rust, strong and sturdy
quality: still works great, still working great, better quality than
price: cheap, cheaper, great buy, good buy, saves money, save money, cost effective, inexpensive
price: affordable, bargain, good deal, great deal, steal, worth the money, cheap price
price: worth every penny, good value, great value, low price, economical, reasonably priced
price: for the money, money's worth, better deal, well priced, low cost, practically free, worth it
price: well worth, worth the price, worth the cost, worth the extra, great price, good price
price: best price, excellent price, low prices, price is low, price was low, best buy
price: excellent value, best value, can't beat the price, excellent buy, great bargain, nice price
price: right price, half the price, fraction of the price, fraction of the cost, less money
price: low priced, best deal, saved money, saved me money, price is right, bang for the buck
price: bang for your buck, excellent deal, cheaply priced, very cheap, such a deal, lower price
price: amazing price
fit: small footprint, takes up little space, space saving, doesn't take up much, comfortable
fit: lightweight, light weight, compact, pocket size, fits well, fit perfectly, fits perfectly
fit: fits perfect, very portable, small size, small and light, fits in my pocket, fits nicely
fit: fit well, very light, so light, light and, and light, small light, light in weight
fit: pocket sized, easy to hold, fits great, snug fit, comfy, nice size, smallest, slim, slimmer
fit: slim profile, thin and light, tiny, fits right, fits in, fit in my, fits into, fits my
fit: fits all, fits loads, fits any, fits the, fits easily, fits like a glove, fit great, fit nicely
fit: fits snugly, fits comfortably, fit comfortably, true to size, great size, perfect size
fit: good size, right size, just the right size, ideal size, perfect fit, great fit, good fit
fit: large screen, big screen, large display, big display, huge screen, larger screen, bigger screen
fit: well balanced, nicely balanced, roomy, spacious, plenty of room, lots of room, holds a lot
fit: softer, cozy, cosy, cushioned, easy to grip, comfortable grip, comfortably, small enough
fit: light enough, large enough, big enough, doesn't weigh, weighs little, not heavy, not bulky
fit: feels good in, fits perfectly in, easy on the feet, supportive, stretchy, flattering
fit: right length, feels great in, is light, so soft, very soft, nice and soft, super soft
fit: soft and comfortable, is soft, are soft, soft and, more portable, is portable
ease: easy to maneuver, easily adjusts, folds easily, quick setup, up and running, easy, simple
ease: stores easily, cleans easily, sets up quickly, quick to set up, straight forward, plug it in
ease: no brainer, intuitive, user friendly, ease, convenient, breeze, straightforward, simple to use
ease: easy to use, easier, no hassle, effortless, user-friendly, plug and play, handy, painless
ease: effort free, hassle free, no learning curve, one handed, clear instructions, easiest
ease: no problems setting, no problem setting, simplicity, a cinch, a snap, piece of cake
ease: self explanatory, cleans up, wipes clean, easy clean up, color coded, no effort, child's play
ease: ready to go, plug n play, sets up in, set up in minutes, installed in minutes
ease: minutes to install, minutes to set, easily cleaned, washes easily, opens easily
ease: comes off easily, installs easily, simpler to use, easily installed, easily assembled
ease: easily carried, so simple, goes together easily
delivery: arrived quickly, shipped quickly, fast shipping, fast delivery, on time, arrived on time
delivery: prompt delivery, arrived early, in good condition, in very good condition
delivery: in perfect condition, came quickly, came on time, arrived promptly, arrived fast
delivery: arrived in perfect, quick delivery, quick shipping, shipped fast, prompt shipping
delivery: delivered on time, arrived within, arrived in, got here quickly, got here fast
delivery: arrived sooner, arrived before, came early, received it quickly, delivered quickly
delivery: shipped promptly, speedy delivery, arrived safely, arrived intact, had it within
delivery: arrived next day, came in two days, came right away, super fast delivery
delivery: sooner than expected
service: courteous, friendly, helpful staff, very accommodating, stands behind, stand behind
service: replaced it free, sent a replacement, sent me a new one, quick response, gave me a refund
service: refunded, replaced it, helpful customer, sent me a replacement, no questions asked
service: great seller, great customer service
packaging: well packaged, nicely packaged, well packed, carefully packed, carefully packaged
packaging: packaged well, securely packaged, nicely packed, packed well, packaged nicely
packaging: well wrapped, packaged very well, beautifully packaged, gift box
taste: delicious, tasty, yummy, smells good, smells great, smells nice, odor free, tastes great
taste: tastes good, tastes like home, tasted great, flavorful, juicy, crunchy, creamy
taste: mouth watering, scrumptious, best tasting, good tasting, great tasting, smells wonderful
taste: smells amazing, smells lovely, smells like heaven, yum, refreshing, not too sweet
taste: just the right amount of, smells so good, tastes fresh, very fresh, so fresh, stays fresh
looks: touch of class, sleek, stylish, beautiful, gorgeous, attractive, handsome, elegant, cute
looks: pretty, looks good, looks great, looks nice, good looking, great looking, classy
looks: looks pretty good, looks beautiful, good design, great design, nice design, colorful, lovely
looks: eye catching, cool looking, nice looking, pretty color, beautiful color, looks amazing
looks: modern, looks fantastic, looks elegant, looks expensive, looks cool, looks awesome
looks: looked great, look great, look nice, look good, look beautiful, beautifully designed
looks: elegantly, fashionable, adorable, drop dead gorgeous, sexy, nice color, great color
looks: great colors, love the color, love the colors, vibrant, great looks, good looks
looks: love the look, love the design, beautifully crafted, chic, sharp looking
battery: charges quickly, long lasting battery, long battery life, holds a charge, rechargeable
battery: lasts for days, lasts all day, lasts for hours, hours on a single charge, battery lasts
battery: batteries last, long life battery, great battery, without charging, holds its charge
battery: holds charge, charges fast, quick charge, charges in, good battery life
content: couldn't wait to read, great read, good read, loved this book, love this book, great film
content: great book, good book, strong characters, informative, well written, page turner, funny
content: hilarious, riveting, must read, entertaining, mesmerized, suspense, inspiring, heartwarming
content: thought provoking, insightful, enjoyed reading, interesting, factual, well acted
content: superbly cast, useful information, delightful, good story, great story, beautiful story
content: great characters, easy read, quick read, fun read, very moving, deeply moving
content: interesting read, enjoyable read, wonderful read, excellent read, wonderful book
content: excellent book, wonderful movie, excellent movie, great movie, good movie, great album
content: great cd, great songs, great music, good music, best book, best movie, best album
content: masterpiece, classic film, beautifully written, touching story, well researched
content: well documented, engaging, captivating, compelling, gripping, fascinating, brilliantly
content: couldn't put it down, couldn't put down, could not put it down, can't put it down
content: unputdownable, enlightening, educational, thoroughly enjoyed, laugh out loud, witty, scary
content: keeps you guessing, poignant, favorite movie, favorite book, favorite album, enjoyable
content: powerful story, thrilling, excellent reference, useful reference, hard to put down
content: great acting, superb acting, highly entertaining, work of art, had me hooked, got me hooked
content: get hooked
"""
NEGATIVE = """
quality: cheap looking, cheap feel, feels cheap, looks cheap, cheap crap, cheap electronics
quality: fell off, cheap piece, lasted only, only lasted, burned up, burns through, shattered
quality: snapped, broke, broken, breaks, flimsy, cheaply made, poorly made, defective, fell apart
quality: falls apart, cracked, leaks, leaked, leaking, died, stopped working, quit working, pealing
quality: peel off, peeled, rust, rusted, poorly constructed, poor quality, bad quality, low quality
quality: scratches, chipped, wore out, worn out, dead, bent, unreliable, burned out, burnt out
quality: fragile, junk, cheap plastic, cheap casing, fall apart, came off, warped, breaking, tore
quality: torn, gave out, cheap construction, cheesy, went bad, go bad, lifespan, not last
quality: stop working, stops working, stopped functioning, stopped charging, quit after, quits
quality: fall off, falls off, broke after, broke off, broke down, has broken, already broke
quality: breaks easily, break easily, cheap made, poorly designed, badly made, shoddy, crappy
quality: piece of junk, piece of crap, piece of garbage, chintzy, lemon, died after, just died
quality: failed after, has failed, it failed, unit failed, drive failed, cracks, crack, crumbled
quality: came apart, comes apart, come apart, coming apart, comes off, come off, rusting, rusty
quality: rust spots, dents, dented, chipping, flaking, flaked, frayed, fraying, fades, wears out
quality: wear out, scratches easily, scratch easily, ripped, rips, rip, splitting, shrunk, shrank
quality: unraveled, holes in, faulty, bad design, not durable, poor design, poor construction
quality: cheaply built, cheaply constructed, very thin, too thin, paper thin, plasticky, fake
quality: knock off, counterfeit, won't last, didn't last, doesn't last, did not last, does not last
quality: only last, caught fire, blew up, exploded, short lived, tarnished, not sturdy, broken after
quality: worked fine until, worked well until, worked great until, worked for about
quality: worked for a few, worked for only, not well made, less than a year, after a month
quality: looks like a toy, toy like, wobbly, wobbles, lint, too loose, came loose, comes loose
quality: came scratched, easily scratched, got scratched, gets scratched, is peeling
quality: started peeling, started falling apart, is falling apart, are falling apart, split in half
quality: seam split, started smoking
performance: doesn't hold, didn't fix, does nothing, did nothing, can't hear, cannot hear
performance: hard to hear, won't turn on, wouldn't play, wouldn't work, would not work, unusable
performance: doesn't recognise, sounds terrible, sounds horrible, sounds awful, sounds bad
performance: sounded terrible, slow, quiet ringer, quiet speaker, too quiet, too loud, noisy
performance: distorted, static, doesn't work, does not work, didn't work, did not work, won't work
performance: freezes, freeze, crashes, crash, freezing, locks up, shuts off, not stay, sticks to
performance: static and, not one of, blurry, grainy, not work, never worked, won't play, not play
performance: not read, won't read, jams, jam, jammed, lag, inaccurate, muffled, overheats
performance: problems with, skips, drops calls, dropped calls, dropped, interference, poor reception
performance: doesn't recognize, not recognize, out of focus, burns, weak, shakes, freezes up
performance: useless, never works, doesn't stay, sluggish, locking up, crashed, buggy, incompatible
performance: failing to play, stopped playing, stuck in, gets stuck, got stuck, get stuck
performance: not enough control, wouldn't recognize, froze, glitch, glitchy, laggy, malfunction
performance: malfunctions, malfunctioned, not compatible, isn't compatible, flaky, flakey, choppy
performance: fuzzy, unresponsive, unstable, very loud, so loud, a little loud, really loud
performance: extremely loud, noise level, disconnects, loses connection, lost connection
performance: lose signal, loses signal, slower, too slow, very slow, so slow, super slow
performance: painfully slow, lockup, lockups, locked up, error message, error messages, errors
performance: wrong readings, not accurate, way off, failed to, fails to, only works, only worked
performance: not loud enough, too dim, too dark, too weak, not powerful, not sharp, red eye
performance: overheating, overheated, gets hot, got hot, very hot, too hot, burnt my, burned my
performance: burning smell, echo, hiss, hissing, buzzing, crackling, tinny, skipping, shutting off
performance: turns off, turns itself, reboot, rebooting, rebooted, lost all, deleted all, virus
performance: keeps turning, keeps losing, ineffective, no picture, no signal, no reception, no bass
performance: not able to, worked once, dropping calls, drops the, leaves streaks, doesn't do
performance: did not do, no difference, sticks, stuck on, smeared, smears, smudges
performance: never worked right, bad reception, bad camera, unevenly, lack of, without a, no flash
performance: no zoom, bad picture, bad sound, poor sound, not as advertised, paper jam
performance: unable to connect, unable to get, unable to use, unable to play, very limited
performance: limited range, limited use, shut down on, shuts down, the slowness, hums
service: never answer, no answer, doesn't answer, doesn't respond, never responded, rude, unhelpful
service: no response, worthless support, refused to, on hold, customer service was a joke
service: no customer service, no support, no help, non existent support, poor service, bad service
service: terrible service, horrible service, poor customer service, bad customer service
service: terrible customer service, won't refund, would not refund, wouldn't refund, refuses to
service: refused, no refund, no replacement, ignored my, no reply, never replied
service: never got a response, useless support, won't replace, wouldn't replace, would not replace
service: restocking fee, run around, runaround, hung up on me, called customer, sent it back twice
service: doesn't honor, not honor, dishonest, false advertising, return shipping, scam
battery: battery drain, battery drains, goes fast, batteries go fast, battery goes fast
battery: eats batteries, eats up batteries, drains, short battery life, dies quickly, battery died
battery: battery dies, batteries died, batteries die, won't charge, doesn't charge, wouldn't charge
battery: won't hold a charge, doesn't hold a charge, not hold a charge, run out of juice
battery: runs out of juice, dead battery, battery hog, poor battery, bad battery, battery runs out
battery: kills batteries, eat batteries, no longer holds a charge, recharge every, charge it every
battery: goes through batteries, go through batteries
price: expensive, overpriced, over priced, pricey, waste of money, waste your money
price: don't waste your money, do not waste your money, waste your hard earned money, what a waste
price: rip off, ripoff, not worth, save your money, wasted my money, costly, high price, steep
price: wasted money, waste of your money, total waste, complete waste, want my money back
price: throw your money, throwing money, too much money, way too much, not worth it
price: outrageous price, high priced, higher price, prices are high, price is high, too pricey
price: too expensive, very expensive, so expensive, out of money, cost a fortune, wasting your money
price: waste your hard earned, waste my money, hidden cost, flushing money, don't waste your
price: do not waste your, cost more, not a good value, too high
delivery: arrived late, late delivery, never arrived, wrong item, arrived damaged, arrived broken
delivery: took forever to arrive, never received, not received, haven't received, have not received
delivery: did not receive, didn't receive, lost in the mail, didn't order, did not order, wrong size
delivery: wrong color, wrong one, wrong product, wrong book, arrived scratched, came broken
delivery: came damaged, damaged in shipping, damaged during shipping, arrived dented
delivery: in a million pieces, in pieces, arrived cracked, arrived chipped, arrived with
delivery: missing parts, sent me the wrong, sent the wrong, not what i ordered, isn't what i ordered
delivery: took weeks, took a month, took so long, slow shipping, slow delivery, took over a month
delivery: took too long to arrive, late arrival, not delivered, never came, never showed up
delivery: never arrives, isn't the one i ordered, arrived defective, was missing, were missing
delivery: delayed, still waiting for it, still waiting for my, still waiting for the
packaging: poorly packaged, badly packaged, poor packaging, bad packaging, damaged box
packaging: box was damaged, box was crushed, badly packed, poorly packed, hard to open package
packaging: no padding, not wrapped, loosely packed, box was open, packaging was damaged, no box
packaging: came crushed
fit: too small, too big, uncomfortable, too tight, too large, heavy, bulky, too heavy, too short
fit: too long, doesn't fit, didn't fit, does not fit, did not fit, won't fit, fits poorly
fit: small screen, small buttons, could not fit, couldn't fit, not fit, doesn't quite fit, too wide
fit: too narrow, too thick, too loose, too tall, too bulky, runs small, runs large, run small
fit: run large, ran small, way too big, way too small, itchy, scratchy, hurt my, pinches
fit: takes up too much, takes up a lot, too deep, too shallow, not comfortable, tiny buttons
fit: tiny screen, smaller than, bigger than i, larger than i, not big enough, not large enough
fit: not long enough, top heavy, small keys, fall out, falls out, fell out, slides off, slip off
fit: not stay on, falls down, not soft, not the right size, too stiff, very stiff, very rough
fit: too rough, feels rough, hurts my, hurt my feet, keeps slipping
taste: smelly, stinks, smells bad, smells awful, tasteless, bland, stale, stink, smells terrible
taste: tastes bad, tastes terrible, tastes awful, tastes horrible, tasted bad, tasted awful
taste: no taste, no flavor, nasty, disgusting, bitter, too sweet, too salty, soggy, rancid, moldy
taste: stunk, smelled, reeks, chemical smell, plastic smell, overpowering, bad taste, bad smell
taste: strong smell, horrible smell, awful smell, weird taste, plastic taste, tastes like plastic
taste: flavorless
looks: ugly, unattractive, hideous, faded, drab, looks cheap, gaudy, tacky, ugliest, unsightly
looks: kiddish, not as pictured, doesn't look like, looks nothing like, wrong shade, not the color
looks: boring design, different color, not attractive, clunky, plain looking, looked cheap
ease: difficult, hard to, complicated, confusing, cumbersome, awkward, a pain, hassle, tedious
ease: tricky, not intuitive, unintuitive, inconvenient, clumsy, impossible to, frustrated
ease: not easy to, isn't easy to, not user friendly, harder to, hardest, very hard to, difficulty
ease: time consuming, painful, a chore, poor instructions, no instructions, instructions are
ease: unclear, counter intuitive, counterintuitive, fiddly, can't figure, couldn't figure
ease: could not figure, can't figure out, trying to get it, hours trying, hours to get, spent hours
ease: hard to clean, hard to read, hard to open, impossible, inconvenience, steep learning curve
ease: difficult to use, a bear to, bothersome, cannot be washed, hand wash only, not simple, messy
ease: more trouble, too much trouble, too complicated, not for beginners, hard time getting
ease: hard time finding, hard time using, hard time with, hard time reading
content: boring, predictable, slow paced, couldn't finish, repetitive, dull story, shallow, unfunny
content: bad movie, rambling, poorly written, tedious read, waste of time, isn't worth the time
content: lame, uninteresting, pointless, implausible, unrealistic, far fetched, disjointed, cliche
content: clichéd, cliched, pretentious, inconsistencies, factual errors, outdated, bad acting
content: poor acting, terrible acting, bad writing, no plot, weak plot, drags, stupid movie
content: fell asleep, not funny, unbelievable characters, mindless, trite, drivel, waste of paper
content: over rated, overrated, too slow, hard to follow, hard to get into, hard to read book
content: poorly acted, poorly edited, bad book, terrible book, terrible movie, awful movie
content: horrible movie, worst movie, worst book, worst film, bad film, misinformation
content: badly written, uninspired, unoriginal, superficial, too long winded, nothing new
content: disappointing book, no depth, very dry, dry and, dull and, dull book, dull movie, dull plot
content: was bored, got bored, is depressing, plot is dull
"""
