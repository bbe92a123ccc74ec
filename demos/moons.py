# %% [markdown]
"""
# Moons

Text.
"""

# %%
print("moons")
