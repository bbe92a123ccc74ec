# %% [markdown]
"""
# Descent

Text.
"""

# %%
print("descent")
