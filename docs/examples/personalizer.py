"""Rank, Activate and Reward of Microsoft's Personalizer, answered by a Shopkeeper gateway."""
from shopkeeper.client import Client, ProductClicked

class Personalizer:
    """The three calls, for actions that are products of the shop. `key`: of the gateway, if it has any."""

    def __init__(self, url, key=None):
        self.shop = Client(url, key=key)
        self.shown = {}  # event id -> (user, what was first, its list): until it is rewarded

    def rank(self, event_id, user_id, actions, excluded=()):
        """The actions, best first. Those that the user's list does not name keep their order, at the end."""
        ranked = self.shop.recommendations(user_id, exclude=excluded, count=50)
        place = {item.product_id: at for at, item in enumerate(ranked.items)}
        left = [action for action in actions if action not in excluded]
        order = sorted(left, key=lambda action: place.get(action, len(place)))
        # A list for a request names the published one that it comes from: clicks echo that.
        recomm_id = ranked.recomm_id or ranked.made_from.get("recomm_id")
        self.shown[event_id] = (user_id, order[0], recomm_id)
        return order

    def reward(self, event_id, value):
        """A reward above nothing is a click; nothing is what Shopkeeper learns from a list without one."""
        user_id, action, recomm_id = self.shown.pop(event_id)
        if value > 0:
            self.shop.publish(ProductClicked(user_id=user_id, product_id=action, recomm_id=recomm_id or None))
