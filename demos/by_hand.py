# %% [markdown]
"""
# By hand

Text.
"""

# %%
print("by_hand")
