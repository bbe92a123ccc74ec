# %% [markdown]
"""
# Plans

Text.
"""

# %%
print("plans")
