# %% [markdown]
"""
# Taylor

Text.
"""

# %%
print("taylor")
