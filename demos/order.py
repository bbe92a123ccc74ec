# %% [markdown]
"""
# Order

Text.
"""

# %%
print("order")
