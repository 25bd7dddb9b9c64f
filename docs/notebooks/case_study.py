# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # A shop's topics as data frames
#
# Reads the topics of a running shop and draws the case study: groups of users, the space of items,
# what goes with what, and the uplift over the traditional way. `KAFKA_BOOTSTRAP_SERVERS` names the
# broker; `shopkeeper demo` starts one with a simulated shop in it.

# %%
import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from matplotlib_inline.backend_inline import set_matplotlib_formats

from shopkeeper.apps import frames
from shopkeeper.apps.case_study import analyses, drawings, prequential
from shopkeeper.apps.report import source
from shopkeeper.shared.runtime.settings import KafkaSettings

set_matplotlib_formats("png")  # figures are shown, whoever drew them
clicks = frames.read("shop.clicks.v1")
catalogue = frames.read("shop.catalogue.v1", newest=True)
similar = frames.read("personalisation.similar-items.v1", newest=True)
segments = frames.read("personalisation.segments.v1", newest=True)
clicks.groupby("type").size()

# %% [markdown]
# ## Groups of users
#
# K-means on each user's shares of clicks by category, on their first two principal components.

# %%
clicked = clicks[clicks["type"] == "product.clicked.v1"].reset_index(drop=True)
groups = analyses.user_groups(clicked, catalogue, segments)
print({count: round(score, 3) for count, score in groups.scores.items()})
drawings.users(groups)

# %%
drawings.group_categories(groups)

# %% [markdown]
# ## The space of items
#
# The autoencoder's codes of titles, categories, brands and prices; no click is needed.

# %%
space = analyses.item_space(catalogue)
print(f"{space.purity:.0%} of the nearest are of an item's category ({space.chance:.0%} by chance)")
drawings.items(space)

# %% [markdown]
# ## What goes with what
#
# The recommender's similar items, learned from sessions.

# %%
neighbours = analyses.neighbours(similar, catalogue)
neighbours[["title", "neighbour_title", "count", "score"]].head(10)

# %%
drawings.neighbours(neighbours)

# %% [markdown]
# ## The uplift over the traditional way
#
# Every list that a click answered, against what popularity, the same category, item-CF and user-CF
# would have shown at that moment.

# %%
kafka = KafkaSettings.from_env(os.environ)
with ThreadPoolExecutor(1) as pool:  # the notebook's own event loop runs already
    retained = pool.submit(asyncio.run, source.read(kafka, "com.example.shop.", 200_000)).result()
category = dict(zip(catalogue["product_id"], catalogue["category"].fillna(""), strict=True))
steps = prequential.replay(analyses.clicked(clicked), analyses.asked(retained), category)
rates = prequential.hit_rates(steps)
print(len(steps), "answered lists; over popularity:", prequential.uplift(steps, "popularity"))
drawings.hit_rates(rates)

# %%
drawings.rates_by(prequential.by_history(steps), "clicks of the user so far")
