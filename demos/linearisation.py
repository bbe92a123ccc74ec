# %% [markdown]
"""
# Linearisation

Text.
"""

# %%
print("linearisation")
