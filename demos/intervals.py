# %% [markdown]
"""
# Intervals

Text.
"""

# %%
print("intervals")
