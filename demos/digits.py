# %% [markdown]
"""
# Digits

Text.
"""

# %%
print("digits")
