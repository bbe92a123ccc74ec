# %% [markdown]
"""
# Float32

Text.
"""

# %%
print("float32")
